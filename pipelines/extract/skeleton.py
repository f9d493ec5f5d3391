"""Contract skeletons: begin a source contract from a sample of the data.

What can be guessed is guessed, and every guess is in the contract for a person to check; what only
the department knows is left empty on lines marked ``<-``, so that ``sources check`` asks for it.
Values of the sample are looked at and never written.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from pipelines.contracts.money_units import unit_in_name
from pipelines.extract.known_names import declared_names, known_names, simple, spellings_of
from pipelines.extract.sample import Sample, look_at_guarded
from pipelines.libraries import Library, load_libraries, load_library
from pipelines.standards.elements import load_elements

KEY_SHARE = 0.9  # different values among all rows, from which on a column may be the key
ENOUGH = 0.8  # share of a column's values that must look like an element; the rest is dirt
_WORDS = re.compile(r"[\W_]+|(?<=[a-z])(?=[A-Z])")
_NUMBER = re.compile(r"[0-9０-９][0-9０-９,，]*(?:[.．][0-9０-９]+)?")
_DATE = re.compile(r"(?:19|20)\d{6}(?!\d)")
# Values that tell what they are, whatever their column is called.
_PATTERNS = {
    "citizen_id": r"[1-9]\d{5}(?:19|20)\d{9}[\dXx]",
    "uscc": r"[1-9ANY][1-9A-Z]\d{6}[0-9A-HJ-NPQRTUWXY]{10}",
    "license_identifier": r"1\.2\.156\.3005\.2\..+",
    "mobile": r"1[3-9]\d{9}",
}

_TEMPLATE = """\
# {name}: begun by looking at {sample}. Lines marked with <- need an answer;
# everything else was guessed and needs a look. Then: baselib sources check
apiVersion: v3.2.0
kind: DataContract
id: {name}
name: {title}                     # the data set's Chinese name
version: 1.0.0
status: active
domain: {library}                 # the base library that it feeds
tenant: ""                        # <- the department that owns the data, in Chinese
description:
  purpose: ""                     # what it is, which items it is the source of, what it lacks

servers:
  - server: production
{server}

schema:
  - name: {dataset}
    physicalName: {title}
    customProperties:
      - {{property: delivery, value: snapshot}}   # snapshot: everything each time | delta: changes
{changed_at}
    properties:
      # name: here · physicalName: there · semanticType: the data element (docs/elements.md)
{columns}

team:
  name: ""
  members:
    - {{username: "", role: data owner}}          # <- e-mail of who gets the quality report
slaProperties:
  - {{property: frequency, value: 1, unit: d, schedule: "0 2 * * *"}}   # when data is due
  - {{property: retention, value: 3, unit: y}}
customProperties:
  - {{property: sharing_type, value: conditional}}   # unconditional | conditional | none
  - {{property: sharing_condition, value: 依法履职需要}}
"""


@dataclass(frozen=True)
class _Guess:
    """One column of the contract to be; ``element`` None for the key, ``name`` None if unknown.

    ``evidence`` says what speaks for the guess, without a value.
    """

    physical_name: str
    name: str | None
    element: str | None = None
    key: bool = False
    evidence: str = ""


def new_contract(sample: Path, name: str, library: str) -> str:
    """A commented contract for data that looks like ``sample``, as YAML.

    ``name`` is the source's, ``<department>__<dataset>``; the sample's name becomes the pattern for
    deliveries, with the batch id where it has a date.

    Raises:
        UnknownLibrary: nothing declares the library.
        UnreadableDelivery: the sample is none of the kinds that can be landed.
    """
    declared = load_library(library)
    looked_at = look_at_guarded(sample, name)
    guesses = _guess_columns(looked_at.values, declared)
    return _TEMPLATE.format(
        name=name,
        sample=sample.name,
        title=_text(sample.stem),
        library=library,
        dataset=name.partition("__")[2] or name,
        server="\n".join(f"    {line}" for line in _server(looked_at)),
        changed_at=_changed_at(guesses),
        columns="\n".join(_lines(guesses)),
    )


def _guess_columns(
    values: Mapping[str, Sequence[str | None]], library: Library
) -> Sequence[_Guess]:
    names = known_names(library)
    guesses: list[_Guess] = []
    key = _key(values, names["key"], names["golden"])
    if key is not None:
        different = len({*filter(None, values[key])}) / max(len(values[key]), 1)
        evidence = f"{different:.0%} of its values differ"
        guesses.append(_Guess(key, "source_key", key=True, evidence=evidence))
    taken: set[str] = set()
    for physical, texts in values.items():
        golden, evidence = _golden_column(physical, texts, library, taken, names)
        if golden is not None:
            taken.add(golden)
            element = (
                "timestamp" if golden == "changed_at" else library.columns[golden].element_name
            )
            hint = _ask_for_unit(physical, texts) if element == "money" else ""
            guesses.append(_Guess(physical, golden, element, evidence=evidence + hint))
        elif physical != key:
            guesses.append(_Guess(physical, None))
    return guesses


def _golden_column(
    physical: str,
    texts: Sequence[str | None],
    library: Library,
    taken: set[str],
    names: Mapping[str, Mapping[str, str]],
) -> tuple[str | None, str]:
    """The golden column that a delivered column seems to be, and what speaks for that."""
    both = {**names["golden"], **names["changed_at"]}
    by_name = next((both[each] for each in spellings_of(physical) if each in both), None)
    if by_name and by_name not in taken:
        return by_name, "by its name"
    element = _element_of(texts)
    for column in library.columns.values():
        if element == column.element_name and column.name not in taken:
            return column.name, "by its values"
    return None, ""


def _ask_for_unit(physical: str, texts: Sequence[str | None]) -> str:
    """What to add where amounts are bare numbers, and nothing says what they count."""
    filled = [text.strip() for text in texts if text and text.strip()]
    bare = sum(_NUMBER.fullmatch(text) is not None for text in filled)
    if unit_in_name(physical) or bare * 2 <= len(filled):
        return ""
    return "; <- bare numbers: add customProperties: [{property: unit, value: 万元}], or what it is"


def _element_of(texts: Sequence[str | None]) -> str | None:
    filled = [value.strip() for value in texts if value and value.strip()]
    for element, pattern in _patterns().items():
        fitting = sum(re.fullmatch(pattern, value) is not None for value in filled)
        if filled and fitting >= ENOUGH * len(filled):
            return element
    return None


def _key(
    values: Mapping[str, Sequence[str | None]], names: Mapping[str, str], golden: Mapping[str, str]
) -> str | None:
    """The column that identifies a record: by its name, by its kind of value, by being unique.

    In real data a key is missing, or there twice, in a few rows; where a name only resembles that
    of a record's number, or nothing but being unique speaks for a column, it must be unique. The
    number of a person comes after that of a record: he may be in several, and his may be corrected.
    """
    share = {
        name: len({*filter(None, texts)}) / max(len(texts), 1) for name, texts in values.items()
    }
    nearly = [name for name, distinct in share.items() if distinct >= KEY_SHARE]
    named = [name for name in nearly if simple(name) in names]
    unique = [name for name in nearly if share[name] == 1]
    numbers = [
        name
        for name in unique
        if _is_like_a_number(name) and simple(name) not in golden and not _element_of(values[name])
    ]
    strong = [name for name in nearly if _element_of(values[name]) in _identifying()]
    return next(iter([*named, *numbers, *strong, *unique]), None)


def _is_like_a_number(name: str) -> bool:
    """Whether a column is named as numbers of records are: 业务编号, ywbh, record_no, caseId."""
    names = declared_names()
    word = _WORDS.split(name.strip())[-1].casefold()
    return simple(name).endswith(tuple(names["key_endings"])) or word in names["key_words"]


def _patterns() -> Mapping[str, str]:
    """Element to what its values look like: of some by heart, of others as they are declared."""
    declared = load_elements().values()
    told = {each.name: str(each.parameters.get("pattern", "")) for each in declared}
    return _PATTERNS | {name: pattern for name, pattern in told.items() if pattern}


def _identifying() -> set[str]:
    """The elements of the strong identifiers of all libraries."""
    libraries = load_libraries().values()
    return {each.columns[each.identity.strong].element_name for each in libraries}


def _server(sample: Sample) -> list[str]:
    file = sample.file.resolve()
    pattern = _DATE.sub("{batch}", file.name, count=1)
    if sample.kind == "sqlite":
        return [
            "type: custom                  # any database that SQLAlchemy reaches",
            f"location: {_text(f'sqlite:///{file}')}",
            "customProperties:",
            f"  - {{property: table, value: {_text(sample.table)}}}",
        ]
    lines = [
        "type: local                   # local | postgres | api | custom",
        f"path: {_text(str(file.with_name(pattern)))}   # {{batch}} stands for the batch id",
        f"format: {sample.kind}",
    ]
    if sample.kind == "csv":
        lines.append(f"delimiter: {_text(sample.delimiter)}")
    if sample.kind in {"csv", "jsonl", "xml", "fixed"}:
        lines.append(f"encoding: {sample.encoding}")
    found = list(_found_properties(sample))
    return [*lines, "customProperties:", *found] if found else lines


def _found_properties(sample: Sample) -> Iterator[str]:
    """What the sample shows of where records and columns are, with what speaks for it."""
    if sample.records_path:
        path = _text(sample.records_path)
        yield f"  - {{property: records_path, value: {path}}}   # what repeats in it"
    if sample.sheets:
        names = "[" + ", ".join(map(_text, sample.sheets)) + "]"
        yield f"  - {{property: sheets, value: {names}}}   # those that have these columns"
    if sample.positions:
        places = ", ".join(f"column_{n}: {a}-{b}" for n, (a, b) in enumerate(sample.positions, 1))
        yield "  # <- places by what is blank in all lines: compare them with the description"
        yield f"  - {{property: positions, value: {{{places}}}}}"
    if sample.header_row is not None:
        why = f"row {sample.header_row} has the names"
        if sample.header_row == 0:
            why = "no row names the columns: they are called by their place"
        yield f"  - {{property: header_row, value: {sample.header_row}}}   # {why}"


def _changed_at(guesses: Sequence[_Guess]) -> str:
    found = [guess.physical_name for guess in guesses if guess.name == "changed_at"]
    if found:
        return (
            f"      - {{property: changed_at, value: {_text(found[0])}}}   # which version is newer"
        )
    return (
        "      # - {property: changed_at, value: …}   # the column that says which version is newer"
    )


def _lines(guesses: Sequence[_Guess]) -> list[str]:
    lines = [_line(guess) for guess in guesses]
    if not any(guess.key for guess in guesses):
        lines.insert(0, "      # <- mark the column that identifies a record with primaryKey: true")
    return lines


def _line(guess: _Guess) -> str:
    physical = _text(guess.physical_name)
    if guess.name is None:
        return f"      # - {{name: …, physicalName: {physical}}}   # kept in raw only"
    if guess.key:
        about = f"name: source_key, physicalName: {physical}, primaryKey: true, required: true"
    else:
        about = f"name: {guess.name}, physicalName: {physical}, semanticType: {guess.element}"
    return f"      - {{{about}}}   # {guess.evidence}"


def _text(value: str) -> str:
    """A YAML scalar: plain where it can be, else in double quotes, which JSON writes element."""
    plain = re.fullmatch(r"[\w.]*[^\W\d][\w.]*", value) and yaml.safe_load(value) == value
    return value if plain else json.dumps(value, ensure_ascii=False)
