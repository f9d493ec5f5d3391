"""Files as deliveries: path, format, and how the records lie in them."""

import codecs
from collections.abc import Mapping
from pathlib import Path, PurePath

from open_data_contract_standard.model import Server as OdcsServer

from pipelines.contracts.faults import Faults
from pipelines.contracts.options import Options, read_options
from pipelines.contracts.servers.addresses import HOME, check_placeholders
from pipelines.contracts.servers.completeness import (
    read_count,
    read_marker,
    read_min_rows,
    read_settle_minutes,
)
from pipelines.contracts.servers.positions import read_positions
from pipelines.contracts.source import Format, Server

FORMATS: Mapping[str, Format] = {
    "csv": "csv", "txt": "csv", "tsv": "csv", "dat": "csv",
    # Workbooks are told apart by their content.
    "xlsx": "xlsx", "excel": "xlsx", "xls": "xlsx", "xlsb": "xlsx", "ods": "xlsx",
    "jsonl": "jsonl", "ndjson": "jsonl", "json": "jsonl",
    "xml": "xml", "dbf": "dbf",
    "fixed": "fixed", "fwf": "fixed", "fixed_width": "fixed",
    "parquet": "parquet",
}  # fmt: skip
# Property -> the formats in which it says something; none: in all.
PROPERTIES: Mapping[str, frozenset[Format]] = {
    "quote": frozenset({"csv"}),
    "escape": frozenset({"csv"}),
    "records_path": frozenset({"jsonl", "xml"}),
    "positions": frozenset({"fixed"}),
    "position_unit": frozenset({"fixed"}),
    "sheet": frozenset({"xlsx"}),
    "sheets": frozenset({"xlsx"}),
    "sheet_column": frozenset({"xlsx"}),
    "header_row": frozenset({"csv", "xlsx", "fixed"}),
    "header_rows": frozenset({"csv", "xlsx"}),
    "footer_rows": frozenset({"xlsx"}),
    "footer_words": frozenset({"xlsx"}),
    "marker": frozenset(),
    "settle_minutes": frozenset(),
    "min_rows": frozenset(),
    "count_line": frozenset({"csv", "xlsx", "jsonl"}),
    "count_in": frozenset(),
}
# Each by the name under which it is written; Python decodes GBK and GB 2312 as GB18030, of which
# they are parts, so that a file with a later character in it is still read.
ENCODINGS = {
    "auto": "auto", "utf-8": "utf-8", "utf8": "utf-8", "utf-8-sig": "utf-8", "ascii": "utf-8",
    "gb18030": "gb18030", "gbk": "gb18030", "gb2312": "gb18030", "cp936": "gb18030",
    "utf-16": "utf-16", "utf16": "utf-16", "utf-16-le": "utf-16-le", "utf-16-be": "utf-16-be",
    "utf-16le": "utf-16-le", "utf-16be": "utf-16-be",
    "big5": "big5hkscs", "cp950": "big5hkscs", "big5-hkscs": "big5hkscs", "big5hkscs": "big5hkscs",
}  # fmt: skip
DELIMITERS = {"tab": "\t", "\\t": "\t", "comma": ",", "pipe": "|", "semicolon": ";"}
_UNITS = ("byte", "character")
_SAYS_ITS_OWN = frozenset({"xml", "dbf"})  # formats that say their encoding themselves
_LAST_ROW = 1_048_576  # of a sheet


def build_files(server: OdcsServer, home: Path, faults: Faults) -> Server:
    """The server of a ``type: local``."""
    extra = read_options(server.customProperties, PROPERTIES, "servers[0]", faults)
    written = (server.format or "").lower()
    faults.one_of("servers[0].format", written or None, FORMATS, "a file format that can be read")
    form = FORMATS.get(written, "csv")
    _refuse_idle(extra, form)
    quote = _quote(extra)
    escape = _escape(extra, quote)
    count_line, count_in_marker = read_count(extra)
    return Server(
        kind="file",
        format=form,
        location=_path_pattern(server.path, home, faults),
        encoding=_encoding(server.encoding, form, faults),
        delimiter=_delimiter(server.delimiter, written, (quote or "") + (escape or ""), faults),
        quote=quote,
        escape=escape,
        records_path=extra.line("records_path") or ("" if form == "xml" else "data"),
        positions=read_positions(extra) if form == "fixed" else (),
        by_bytes=extra.choice("position_unit", _UNITS, "a unit of places") != "character",
        sheet=extra.line("sheet"),
        sheets=extra.texts("sheets"),
        sheet_column=extra.line("sheet_column"),
        header_row=extra.number("header_row", 0, 0, _LAST_ROW) if "header_row" in extra else None,
        header_rows=extra.number("header_rows", 1, 1, 10),
        footer_rows=extra.number("footer_rows", 0, 0, 1000),
        footer_words=extra.texts("footer_words"),
        marker=read_marker(extra, server.path or ""),
        settle_minutes=read_settle_minutes(extra),
        min_rows=read_min_rows(extra),
        count_line=count_line,
        count_in_marker=count_in_marker,
    )


def _refuse_idle(extra: Options, form: Format) -> None:
    """Refuse properties that say nothing in this format."""
    in_marker = extra.values.get("count_in") == "marker"
    for name in extra.values:
        formats = frozenset() if name == "count_line" and in_marker else PROPERTIES[name]
        if formats and form not in formats:
            extra.faults.add(
                f"servers[0].customProperties.{name}",
                extra.values[name],
                f"This says nothing about {form}.",
                f"Remove it, or correct the format: it is for {', '.join(sorted(formats))}.",
            )
    if "sheet" in extra and "sheets" in extra:
        extra.faults.add(
            "servers[0].customProperties.sheets",
            extra.values["sheets"],
            "One sheet and several are asked for.",
            "Keep sheet or sheets.",
        )


def _path_pattern(path: str | None, home: Path, faults: Faults) -> str:
    where = "servers[0].path"
    if not path:
        faults.add(
            where,
            path,
            "Nothing says where the files are.",
            "Write their path; {batch} in it stands for the batch id, and * for anything.",
        )
        return ""
    check_placeholders(where, path, {"batch"}, faults)
    _check_pattern(where, path, faults)
    if path.startswith("~") or ("$" in path and not path.startswith(HOME)):
        faults.add(
            where,
            path,
            "Only ${BASELIB_HOME} is replaced, at the beginning.",
            "Write the path itself; a relative one starts at this file.",
        )
    if path.startswith(HOME):
        return str(home) + path.removeprefix(HOME)
    return str(faults.file.parent.resolve() / path)


def _check_pattern(where: str, path: str, faults: Faults) -> None:
    """Refuse patterns that match nothing or cannot be looked for."""
    parts = PurePath(path).parts
    if path.count("[") != path.count("]"):
        faults.add(where, path, "A bracket of the pattern is not closed.", "Close it, or write ?.")
    if any("**" in part and part != "**" for part in parts):
        problem = "** stands for any folders, and is a part of the path by itself."
        faults.add(where, path, problem, "Write /**/, or * for anything within one name.")
    if path.endswith(("/", "**", "..")) or not path.isprintable() or not PurePath(path).name:
        faults.add(where, path, "This does not name files.", "Write folder and file name.")


def read_encoding(encoding: str | None, where: str, faults: Faults) -> str:
    """An encoding by any of its names."""
    written = (encoding or "utf-8").lower().replace("_", "-")
    faults.one_of(where, written, ENCODINGS, "an encoding that can be read")
    return ENCODINGS.get(written, "utf-8")


def _delimiter(delimiter: str | None, written_format: str, signs: str, faults: Faults) -> str:
    if delimiter is None:
        return "\t" if written_format == "tsv" else ","
    text = _unescaped(DELIMITERS.get(delimiter.lower(), delimiter))
    if not text or any(c in text for c in f'"\r\n\0{signs}') or len(text) > 8:
        faults.add(
            "servers[0].delimiter",
            delimiter,
            "This cannot separate columns.",
            "Write the characters between two columns, for example ',', '|', tab or '|@|'.",
        )
        return ","
    return text


def _unescaped(text: str) -> str:
    """``\\x01`` as the character that it means; '' where it means none."""
    if "\\x" not in text:
        return text
    try:
        return codecs.decode(text, "unicode_escape")
    except ValueError:
        return ""


def _encoding(encoding: str | None, form: Format, faults: Faults) -> str:
    """The encoding that is written; without one, what the file says or shows of itself."""
    if encoding is None and form in _SAYS_ITS_OWN:
        return "auto"
    return read_encoding(encoding, "servers[0].encoding", faults)


def _quote(extra: Options) -> str | None:
    quote = extra.text("quote") if "quote" in extra else '"'
    if quote is None or quote.lower() in {"none", "", "false"}:
        return None
    if not _is_mark(quote):
        extra.faults.add(
            "servers[0].customProperties.quote",
            quote,
            "This is no quotation mark.",
            "Write one sign, '\"' or \"'\" as a rule, or none.",
        )
    return quote


def _escape(extra: Options, quote: str | None) -> str | None:
    escape = extra.text("escape")
    if escape is None or escape.lower() in {"none", "", "false"} or escape == quote:
        return None  # a quotation mark that is doubled is what is read without it
    if not _is_mark(escape):
        extra.faults.add(
            "servers[0].customProperties.escape",
            escape,
            "This escapes nothing.",
            'Write one sign, "\\\\" as a rule, or none.',
        )
    return escape


def _is_mark(text: str) -> bool:
    """One sign of ASCII: neither letter nor digit nor blank."""
    return len(text) == 1 and "!" <= text <= "~" and not text.isalnum()
