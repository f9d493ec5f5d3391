"""``python -m benchmarks.identity.year``: 250 working days, and what became of every entity id.

Prints what happened, how many ids survived, how many redirects lead somewhere, and how many wrong
merges stayed. ``--every 5`` resolves once a week with all that was delivered in it.
"""

import argparse

from benchmarks.identity.year.survival import a_year


def main() -> None:
    """Live through the year and print the figures."""
    given = argparse.ArgumentParser(prog="python -m benchmarks.identity.year", description=__doc__)
    given.add_argument("--persons", type=int, default=400)
    given.add_argument("--days", type=int, default=250)
    given.add_argument("--every", type=int, default=1, help="working days between two runs")
    given.add_argument("--seed", type=int, default=1)
    asked = given.parse_args()
    print(a_year(asked.persons, asked.days, asked.every, asked.seed).as_markdown())


if __name__ == "__main__":
    main()
