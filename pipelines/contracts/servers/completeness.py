"""How a contract says that a delivery is whole: marker, rest, least number, line with a count.

A line that says how many records there are is written as an example of itself: ``共{rows}条``,
``TRL|{batch}|{rows}``. ``{rows}`` is the number, ``{batch}`` the batch id, ``*`` anything.
"""

import re
import unicodedata
from collections.abc import Sequence
from pathlib import PurePath

from pipelines.contracts.options import Options
from pipelines.contracts.servers.addresses import check_placeholders

PROPERTIES = ("marker", "settle_minutes", "min_rows", "count_line", "count_in")
MOST_ROWS = 10**10
_DAY = 1440  # minutes
_ROWS = r"(?P<rows>[0-9]{1,3}(?:[,，][0-9]{3})+|[0-9]+)"
_BETWEEN = "\x1f"  # stands between fields, whatever the delimiter is
_LONGEST = 300  # characters of a line that says a number


def read_marker(extra: Options, path: str) -> str | None:
    """The name of the marker file, beside the files of ``path`` or relative to them."""
    marker = extra.line("marker")
    if marker is None:
        return None
    where = f"{extra.where}.customProperties.marker"
    check_placeholders(where, marker, {"batch", "file", "stem"}, extra.faults)
    folder = str(PurePath(path).parent)
    if PurePath(marker).is_absolute() or any(c in marker for c in "*?[]"):
        problem = "A marker is one file, found from the folder of the files."
        extra.faults.add(where, marker, problem, "Write for example {file}.ok or {batch}.done.")
    elif "{" not in marker and "{batch}" not in folder:
        problem = "A marker of this name would stand for every batch."
        extra.faults.add(where, marker, problem, "Write {batch}, {file} or {stem} into its name.")
    elif marker in {"{file}", PurePath(path).name}:
        problem = "This is the delivered file itself."
        extra.faults.add(where, marker, problem, "Write for example {file}.ok.")
    return marker


def read_count(extra: Options) -> tuple[str | None, bool]:
    """The example of the line with the count, and whether it stands in the marker."""
    line = extra.line("count_line")
    extra.require("count_in", "count_line")
    place = extra.choice("count_in", ("file", "marker"), "a place of the count") or "file"
    where = f"{extra.where}.customProperties.count_line"
    if line is not None:
        check_placeholders(where, line, {"rows", "batch"}, extra.faults)
        if line.count("{rows}") != 1:
            problem = "This does not say where the number of records stands."
            extra.faults.add(where, line, problem, "Write {rows} once, for example 共{rows}条.")
        if re.search(r"[*][\s*]*[*]", line) or line.count("*") > 5 or len(line) > _LONGEST:
            problem = "This example is too vague to be found."
            extra.faults.add(where, line, problem, "Write what the line says, and * once or twice.")
    if place == "marker" and "marker" not in extra:
        problem = "There is no marker that could say it."
        extra.faults.add(f"{extra.where}.customProperties.count_in", place, problem, "Add marker.")
    return line, place == "marker"


def read_settle_minutes(extra: Options) -> int:
    """For how long files must be left alone before they are taken; 0: taken at once."""
    return extra.number("settle_minutes", 0, 1, _DAY) if "settle_minutes" in extra else 0


def read_min_rows(extra: Options) -> int:
    """Fewer rows cannot be a whole delivery; 0: any number may be."""
    return extra.number("min_rows", 0, 1, MOST_ROWS) if "min_rows" in extra else 0


def count_on(line: str, example: str, batch: str, delimiter: str = ",") -> int | None:
    """The number of records that a line says, if it is like the example; else ``None``.

    Blanks and quotation marks do not count, nor empty fields at the end.

    >>> count_on('合计,"1,234",,', "合计*{rows}", "20260630")
    1234
    """
    return count_in(_fields(line, delimiter), example, batch, delimiter)


def count_in(
    fields: Sequence[str | None], example: str, batch: str, delimiter: str = ","
) -> int | None:
    """As ``count_on``, of a line that has been split already."""
    plain = _plain(fields)
    if len(plain) > _LONGEST:
        return None
    parts = re.split(r"(\{rows\}|\{batch\}|\*)", _plain(_fields(example, delimiter)))
    meant = {"{rows}": _ROWS, "{batch}": re.escape(batch), "*": ".*?"}
    found = re.fullmatch("".join(meant.get(part) or re.escape(part) for part in parts), plain)
    return int(re.sub("[,，]", "", found["rows"])) if found else None


def _fields(line: str, delimiter: str) -> list[str]:
    """The fields of a line; a delimiter within quotation marks is none."""
    hidden = re.sub(r'"([^"]*)"', lambda m: m[1].replace(delimiter, "\x1e"), line)
    return [
        each.replace("\x1e", delimiter) for each in re.split("\t", hidden.replace(delimiter, "\t"))
    ]


def _plain(fields: Sequence[str | None]) -> str:
    folded = [unicodedata.normalize("NFKC", each or "").replace('"', "") for each in fields]
    return _BETWEEN.join("".join(each.split()) for each in folded).strip(_BETWEEN)
