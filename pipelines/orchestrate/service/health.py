"""Whether parts of Airflow are well, for the health checks of containers.

    python -m pipelines.orchestrate.service.health URL [PART…]

The API server answers 200 also where the metadatabase cannot be
reached, and says so in the body; the scheduler's own answer has no body. Only the standard library,
for it is started every quarter of a minute.
"""

import json
import sys
from collections.abc import Iterable
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

_PATIENCE = 5.0  # seconds; less than the time-out of the container's check


def unwell(status: int, body: str, parts: Iterable[str]) -> list[str]:
    """What an answer does not call healthy; all of it where it cannot be read.

    Args:
        status: Of the answer; 0 if there was none.
        body: Of the answer.
        parts: Components of Airflow that it must call healthy.
    """
    if not 200 <= status < 300:
        return [f"status {status}"]
    wanted = list(parts)
    try:
        said = json.loads(body) if wanted else None
    except ValueError:
        return wanted
    return [part for part in wanted if not _is_healthy(said, part)]


def _is_healthy(said: object, part: str) -> bool:
    about = said.get(part) if isinstance(said, dict) else None
    return isinstance(about, dict) and about.get("status") == "healthy"


def ask(url: str) -> tuple[int, str]:
    """Status and body of an answer; 0 if nobody answers."""
    try:
        with urlopen(url, timeout=_PATIENCE) as answer:  # noqa: S310 - a URL of the compose file
            return answer.status, answer.read().decode(errors="replace")
    except HTTPError as refused:
        return refused.code, ""
    except (URLError, OSError):
        return 0, ""


def main(arguments: list[str]) -> int:
    """Exit code 0 when every part is well, else 1 with what is not."""
    sick = unwell(*ask(arguments[0]), arguments[1:])
    if sick:
        sys.stderr.write(f"not well: {', '.join(sick)}\n")
    return 1 if sick else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
