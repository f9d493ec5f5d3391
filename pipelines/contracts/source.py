"""Source: the dataclasses that a source contract is read into.

The package reads the Open Data Contract Standard documents under ``sources/`` into these
values; everything else works with these and never sees YAML. Importing this module is cheap: the
DAG files do it on every parse.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Literal

from pipelines.standards.rules import Language

Delivery = Literal["snapshot", "delta"]
Format = Literal["csv", "xlsx", "jsonl", "parquet", "xml", "dbf", "fixed", "table", "api"]
Period = Literal["batch", "daily", "weekly", "monthly"]
Protection = Literal["masked", "password"]
DateOrder = Literal["ymd", "dmy", "mdy"]


@dataclass(frozen=True)
class Position:
    """Where a column of fixed width stands in a line: first and last place, from 1."""

    name: str
    first: int
    last: int


@dataclass(frozen=True)
class Server:
    """Where a delivery is found. ``{batch}`` in ``location`` stands for the batch id.

    ``location`` is an absolute path (or glob), a SQLAlchemy URL without password, or an HTTP URL;
    ``secret`` names the environment variable ``BASELIB_SECRET_<NAME>`` that holds a password or
    token, and never the secret itself.
    """

    kind: Literal["file", "database", "api"]
    format: Format
    location: str
    encoding: str = "utf-8"  # files, database text; "auto": UTF-8, then GB18030, strictly (files)
    delimiter: str = ","  # delimited text; one character or several
    quote: str | None = '"'  # delimited text; None where quotation marks are ordinary characters
    escape: str | None = None  # delimited text; the character that takes the next one literally
    positions: Sequence[Position] = ()  # text of fixed width
    by_bytes: bool = True  # positions are bytes, else characters
    sheet: str | None = None  # workbooks: sheet name; the first visible one when absent
    sheets: Sequence[str] = ()  # workbooks: several sheets in order; ("*",) for all visible ones
    sheet_column: str | None = None  # physical name of the column that holds the sheet's name
    header_row: int | None = None  # from 1; 0: none, columns are column_1, column_2; None: found
    header_rows: int = 1  # rows of the header, one below the other; their names are joined
    footer_rows: int = 0  # last rows that are no records: totals, signatures
    footer_words: Sequence[str] = ()  # a row whose first cell begins so, and all after it, is none
    table: str | None = None  # database: schema-qualified table or view
    query: str | None = None  # database: SELECT with :watermark and :batch parameters
    watermark_column: str | None = None  # physical column whose maximum is the next watermark
    records_path: str = "data"  # api, JSON, XML: dotted path of the records; XML, "": found
    next_path: str = "next"  # api: dotted path of the next page's URL or token
    page_parameter: str = "page"
    cursor_parameter: str | None = None  # api: query parameter for the token found at next_path
    success_path: str | None = None  # api: dotted path of the field that says a page succeeded
    success_values: Sequence[str] = ()  # api: its values, as text, that mean success
    message_path: str | None = None  # api: dotted path of the message of a page that failed
    total_path: str | None = None  # api: dotted path of the number of records of all pages
    secret: str | None = None
    marker: str | None = None  # files: name of the file that says that they are whole
    settle_minutes: int = 0  # files: for how long they must have been left alone
    min_rows: int = 0  # fewer rows cannot be a whole delivery
    count_line: str | None = None  # files: example of the line that says how many records there are
    count_in_marker: bool = False  # that line stands in the marker, not in the file


@dataclass(frozen=True)
class SourceColumn:
    """One mapped column: ``name`` here, ``physical_name`` there, ``element`` its data element."""

    name: str
    physical_name: str
    element: str | None = None
    required: bool = False
    primary_key: bool = False
    title: str = ""
    unit: str | None = None  # money: unit of values that are bare numbers, e.g. 万元
    currency: str | None = None  # money: currency of values without one, ISO 4217, e.g. USD
    decimal_mark: str = "."  # money: "." or ","
    thousands_mark: str = ","  # money: what groups digits, "" if nothing
    date_order: DateOrder | None = None  # dates of numbers only: which part comes first
    encoding: str | None = None  # database: encoding of this column's bytes, if its own


@dataclass(frozen=True)
class Owner:
    """Who answers for the data and gets the quality report."""

    department: str  # Chinese name of the department, the contract's ``tenant``
    team: str
    emails: Sequence[str]


@dataclass(frozen=True)
class Reporting:
    """How the owner is informed: period of reports, language, protection of attachments.

    ``masked``: attachments show masked values. ``password``: the workbook shows the values as they
    are and opens with the password in ``BASELIB_SECRET_<secret>``, which no mail ever carries.
    """

    period: Period = "batch"
    language: Language = "zh"
    protection: Protection = "masked"
    secret: str | None = None


@dataclass(frozen=True)
class Source:
    """One department data set: everything that its contract declares."""

    name: str  # file stem, <department>__<dataset>
    title: str  # Chinese name of the data set
    library: str
    file: Path
    server: Server
    columns: Sequence[SourceColumn]
    owner: Owner
    delivery: Delivery
    schedule: str | None  # cron, Asia/Shanghai
    frequency: timedelta
    changed_at: str | None = None  # name (here) of the column that orders versions of a record
    version: str = "1.0.0"
    status: str = "active"
    description: str = ""
    sharing_type: Literal["unconditional", "conditional", "none"] = "unconditional"
    sharing_condition: str = ""
    retention: timedelta | None = None
    reporting: Reporting = Reporting()
    quality_weights: Mapping[str, float] = field(default_factory=dict)  # dimension ("01") -> weight
    group_by: Sequence[str] = ()  # delivered columns that say where, or by whom, a record was made
    expects_changes: bool = False  # the owner is told of a delivery that says nothing new
    event: str = ""  # marriage | insurance: what each record is, on the day of ``changed_at``
    custom: Mapping[str, object] = field(default_factory=dict)

    @property
    def department(self) -> str:
        """Short name of the department, e.g. ``public_security``."""
        return self.name.split("__", 1)[0]

    @property
    def key_columns(self) -> Sequence[SourceColumn]:
        """The columns that identify a record at the source."""
        return tuple(column for column in self.columns if column.primary_key)
