"""``python -m benchmarks.identity.false_matches``: how often each rule and band of score is wrong.

Resolves every world once per seed, looks at each link and each question against the truth, and
writes the counts to ``pipelines/identity/tables/false_matches.json``, which is committed: the
estimates are shown to stewards (``baselib identity queue``), and a rule or band of score that is
wrong more often than its library allows asks instead of deciding (``tables/false_matches.py``).
"""

import argparse
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import duckdb

from benchmarks.identity.contest import contend
from benchmarks.identity.world.build import TRUTH, WORLDS, make_world
from pipelines.identity.tables.false_matches import BANDS, TABLE

HOME = Path(__file__).parent.parent / "out" / "identity"
SCALES = {"city": 30_000, "market": 20_000, "villages": 20_000}
FIRMS_OF_CITY = 200_000  # its scale is in person records, of which there are ten to one of a firm

Counts = Counter[tuple[str, str, bool, float | None, bool]]
_OBSERVED = f"""
    WITH linked AS (
        SELECT source AS left_source, source_key AS left_key, linked_source AS right_source,
               linked_key AS right_key, rule, FALSE AS asked
        FROM answer WHERE linked_key IS NOT NULL
        UNION ALL
        SELECT left_source, left_key, right_source, right_key, rule, TRUE
        FROM question WHERE rule = 'match_by_score'),
    seen AS (
        SELECT o.rule, o.asked, s.probability, a.entity = b.entity AS is_right
        FROM linked o
        JOIN truth a ON a.source = o.left_source AND a.source_key = o.left_key
        JOIN truth b ON b.source = o.right_source AND b.source_key = o.right_key
        LEFT JOIN scored s USING (left_source, left_key, right_source, right_key))
    SELECT rule, asked, is_right, count(*),
           list_last(list_filter({list(BANDS)}, lambda x: x <= probability))::DOUBLE AS low
    FROM seen GROUP BY ALL"""


def main() -> None:
    """Make the worlds, let the resolver answer, count, and write the table."""
    given = _arguments()
    counts: Counts = Counter()
    made_of = []
    for seed in given.seeds:
        for world, makers in WORLDS.items():
            for library in makers:
                counts += observed(world, library, seed, given.home)
                made_of.append(f"{library} of {world}, seed {seed}")
    write(counts, made_of)


def write(counts: Counts, made_of: Sequence[str]) -> None:
    """The committed table."""
    table = {"made_of": [*made_of], "rows": _rows(counts)}
    TABLE.write_text(json.dumps(table, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def observed(world: str, library: str, seed: int, home: Path) -> Counts:
    """Links and questions of one world: library, rule, asked, band, right; and how many."""
    scale = SCALES[world] if (world, library) != ("city", "legal_entity") else FIRMS_OF_CITY
    place = home / "false_matches" / str(seed)
    folder = make_world(place, library, scale, seed, world)
    out, _ = contend("baselib", folder, library, place)
    return counted(folder, out, library)


def counted(folder: Path, out: Path, library: str) -> Counts:
    """As ``observed``, of a world that is resolved already."""
    con = duckdb.connect()
    con.execute(f"CREATE VIEW truth AS FROM read_parquet('{folder / TRUTH}')")
    for name in ("answer", "question", "scored"):
        path = out / f"{name}.parquet"
        con.execute(f"CREATE VIEW {name} AS SELECT DISTINCT * FROM read_parquet('{path}')")
    rows = con.execute(_OBSERVED).fetchall()
    return Counter({(library, rule, asked, low, right): n for rule, asked, right, n, low in rows})


def _rows(counts: Counts) -> list[dict[str, object]]:
    keys = sorted({key[:4] for key in counts}, key=str)
    return [
        {
            "library": library,
            "rule": rule,
            "asked": asked,
            "from": low,
            "pairs": counts[*key, True] + counts[*key, False],
            "wrong": counts[*key, False],
        }
        for key in keys
        for library, rule, asked, low in [key]
    ]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--home", type=Path, default=HOME, help="where worlds are kept")
    return parser.parse_args()


if __name__ == "__main__":
    main()
