"""Read the reviewed files of grants; everything that is wrong with them, as for contracts."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from pydantic import TypeAdapter, ValidationError

from pipelines.contracts import load_sources
from pipelines.contracts.faults import Faults, suggestion
from pipelines.contracts.source import Source
from pipelines.contracts.yaml_text import Unreadable, parse_yaml, read_text
from pipelines.errors import ContractFault
from pipelines.errors.serving import GrantsRefused, UnknownGrant
from pipelines.libraries import Library, load_libraries
from pipelines.serve.grants.declaration import Grant, Limits, Show
from pipelines.settings import Settings
from pipelines.warehouse.base.history import history_columns
from pipelines.warehouse.base.share_views import masked_columns

_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*__[a-z][a-z0-9]*(_[a-z0-9]+)*")
_LONGEST_NAME = 34  # PostgreSQL's 63, less the longest name of an entity and what is between
_BEGINNING = re.compile(r"[0-9A-Za-z]{1,18}")
_LONGEST = timedelta(days=3 * 366)  # what was approved is looked at again after three years
_WORDS = ("consumer", "purpose", "legal_basis", "approved_by")
_MUST = "Write it; docs/consumers.md says what it means."


def read_grants(settings: Settings) -> dict[str, Grant]:
    """All grants by name.

    Raises:
        GrantsRefused: any of the files has a fault; carries all faults of all files.
    """
    grants, faults = _read_all(settings)
    if faults:
        raise GrantsRefused(faults)
    return grants


def read_grant(settings: Settings, name: str) -> Grant:
    """The grant of that name.

    Raises:
        GrantsRefused: the files have faults.
        UnknownGrant: no file declares it.
    """
    grants = read_grants(settings)
    if name not in grants:
        raise UnknownGrant(name, sorted(grants))
    return grants[name]


def check_grants(settings: Settings) -> Sequence[ContractFault]:
    """Everything that is wrong with the files of grants; empty if all is well."""
    return _read_all(settings)[1]


def _read_all(settings: Settings) -> tuple[dict[str, Grant], list[ContractFault]]:
    sources = list(load_sources(settings).values())
    grants: dict[str, Grant] = {}
    found: list[ContractFault] = []
    for file in sorted(settings.grants.glob("*.y*ml")) if settings.grants.is_dir() else ():
        faults = Faults(file)
        grant = _read(file, sources, faults)
        found += faults.found
        if grant is not None and not faults.found:
            grants[grant.name] = grant
    return grants, found


def _read(file: Path, sources: Sequence[Source], faults: Faults) -> Grant | None:
    if file.suffix != ".yml" or not _NAME.fullmatch(file.stem) or len(file.stem) > _LONGEST_NAME:
        remedy = f"Write lower-case English, <consumer>__<purpose>.yml, {_LONGEST_NAME} letters."
        faults.add("the file's name", file.name, "This is no name of a grant.", remedy)
    try:
        raw = parse_yaml(read_text(file))
    except Unreadable as unreadable:
        faults.add(unreadable.where, None, unreadable.problem, unreadable.remedy)
        return None
    if not isinstance(raw, dict):
        faults.add("the document", None, "This is no grant.", "Copy docs/consumers.md's example.")
        return None
    grant = _build(file.stem, raw, faults)
    if grant is not None:
        _check(grant, sources, faults)
    return grant


def _build(name: str, raw: Mapping[Any, Any], faults: Faults) -> Grant | None:
    if "name" in raw:
        faults.add("name", raw["name"], "The file's name is the name.", "Leave it out.")
    try:
        fields = {str(key): value for key, value in raw.items()} | {"name": name}
        built: Grant = _adapter().validate_python(fields)
    except ValidationError as refused:
        for error in refused.errors():
            faults.add(*_told(error["loc"], error["type"], error.get("input"), error["msg"]))
        return None
    return built


@cache
def _adapter() -> TypeAdapter[Grant]:
    return TypeAdapter(Grant)


def _told(
    loc: tuple[int | str, ...], kind: str, value: object, message: str
) -> tuple[str, object, str, str]:
    where = ".".join(map(str, loc)) or "the document"
    shown = value if isinstance(value, str | int | float | bool) else None
    if kind in ("missing", "missing_argument"):
        return where, None, "It is missing.", _MUST
    if kind in ("unexpected_keyword_argument", "extra_forbidden"):
        known = (Limits if loc[0] == "limits" else Grant).__dataclass_fields__
        return where, loc[-1], "A grant has no such key.", suggestion(loc[-1], known)
    return where, shown, f"It cannot be this: {message}.", "Correct it; see docs/consumers.md."


def _check(grant: Grant, sources: Sequence[Source], faults: Faults) -> None:
    for name in _WORDS:
        if not getattr(grant, name).strip():
            faults.add(name, "", "It is empty.", _MUST)
    _check_term(grant, faults)
    libraries = load_libraries()
    if not faults.one_of("library", grant.library, libraries, "a library"):
        return
    library = libraries[grant.library]
    _check_columns("columns", library, grant.columns, sources, faults)
    for other, columns in grant.linked.items():
        where = f"linked.{other}"
        if faults.one_of(where, other, libraries, "a library"):
            _check_columns(where, libraries[other], columns, sources, faults)
            _check_link(where, library, libraries[other], faults)
    _check_lookups(grant, library, sources, faults)
    _check_rows(grant, library, faults)
    _check_limits(grant, faults)
    _check_key(grant, faults)


def _check_term(grant: Grant, faults: Faults) -> None:
    if grant.valid_to < grant.valid_from:
        remedy = "Write a later day; valid_to is the last day."
        faults.add("valid_to", grant.valid_to, "It ends before it begins.", remedy)
    elif grant.valid_to - grant.valid_from > _LONGEST:
        latest = min(grant.valid_from + _LONGEST, date.max)
        remedy = f"Write {latest} at the latest, and renew it then."
        faults.add("valid_to", grant.valid_to, "That is longer than three years.", remedy)


def _check_columns(
    where: str,
    library: Library,
    columns: Mapping[str, Show],
    sources: Sequence[Source],
    faults: Faults,
) -> None:
    known = history_columns(library)
    for name, show in columns.items():
        place = f"{where}.{name}"
        if not faults.one_of(place, name, known, f"a column of {library.name}"):
            continue
        if show == "mask" and not has_mask(library, name):
            remedy = "Write clear or absent."
            faults.add(place, show, "This column has no mask.", remedy)
        if show != "absent":
            _check_sharing(place, library, name, sources, faults)
    if columns and all(show == "absent" for show in columns.values()):
        faults.add(where, None, "It shows no column at all.", "Name the columns that are needed.")


def _check_sharing(
    place: str, library: Library, column: str, sources: Sequence[Source], faults: Faults
) -> None:
    """A department that shares nothing is not overruled by a grant."""
    golden = next(
        (
            one.name
            for one in library.columns.values()
            if column == one.name or column in one.companion_types
        ),
        None,
    )
    for source in sources:
        feeds = source.library == library.name and golden in {one.name for one in source.columns}
        if feeds and source.sharing_type == "none":
            problem = (
                f"{source.name} feeds it, and its contract shares nothing (sharing type none)."
            )
            faults.add(place, column, problem, "Write absent, or have the department change it.")


def _check_link(where: str, library: Library, other: Library, faults: Faults) -> None:
    if not [*links_between(library, other), *links_between(other, library)]:
        problem = f"Nothing links it with {library.name}."
        faults.add(where, other.name, problem, "Ask for it by a grant of its own.")


def _check_lookups(
    grant: Grant, library: Library, sources: Sequence[Source], faults: Faults
) -> None:
    needed = {"verify", "find"} & {*grant.operations}
    if needed and not grant.lookup_by:
        problem = f"{', '.join(sorted(needed))} needs something to look up by."
        faults.add("lookup_by", None, problem, "Write [[citizen_id, person_name]], for example.")
    for number, names in enumerate(grant.lookup_by):
        where = f"lookup_by[{number}]"
        if not names:
            faults.add(where, None, "It names no column.", "Name what a look-up must give.")
        for name in names:
            if faults.one_of(where, name, library.columns, f"a column of {library.name}"):
                _check_sharing(where, library, name, sources, faults)


def _check_rows(grant: Grant, library: Library, faults: Faults) -> None:
    for name, beginnings in grant.rows.items():
        where = f"rows.{name}"
        if not faults.one_of(where, name, library.columns, f"a column of {library.name}"):
            continue
        if library.columns[name].type != "string":
            faults.add(where, name, "Its values have no beginning.", "Use a column of codes.")
        if not beginnings:
            faults.add(where, None, "No beginning is given.", "Write [1101], for example.")
        for each in beginnings:
            if not _BEGINNING.fullmatch(each):
                remedy = "Write 1 to 18 letters and digits, in quotes."
                faults.add(where, each, "A code does not begin so.", remedy)


def _check_limits(grant: Grant, faults: Faults) -> None:
    limits = grant.limits
    for name, value, most in (
        ("minute", limits.minute, 100_000),
        ("day", limits.day, 100_000_000),
        ("rows", limits.rows, 10_000),
        ("rows_day", limits.rows_day, 100_000_000),
    ):
        if not 1 <= value <= most:
            faults.add(f"limits.{name}", value, "No limit can be this.", f"Write 1 to {most}.")


def _check_key(grant: Grant, faults: Faults) -> None:
    if not grant.public_key:
        return
    try:
        key = load_pem_public_key(grant.public_key.encode())
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not (isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1)):
        remedy = "Run `baselib grants key NAME` and paste what it prints. Never a private key."
        faults.add("public_key", "(not shown)", "This is no public key on P-256 in PEM.", remedy)


def has_mask(library: Library, column: str) -> bool:
    """Whether masking changes the column: links, companions and public values have no mask."""
    return masked_columns(library)[column] != f'"{column}"'


def links_between(library: Library, other: Library) -> Iterator[str]:
    """The columns of ``library`` that hold ids of ``other``."""
    return (name for name, target in library.link_columns.items() if target == other.name)
