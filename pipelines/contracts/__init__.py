"""Load and check source contracts: the files under the source folders as ``Source`` values.

``load_sources`` for the pipeline, ``check_sources`` for the person who writes a contract. Loading
is cheap (no engine is imported), because every DAG file does it on every parse. A file that is
faulty, in whatever way, is a fault of its own source: the others are loaded.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipelines.contracts.builder import build_source
from pipelines.contracts.document import read_document
from pipelines.contracts.faults import Faults
from pipelines.contracts.references import References
from pipelines.contracts.source import Source
from pipelines.contracts.yaml_text import Unreadable, read_text
from pipelines.errors import ContractFault, ContractsRefused, UnknownSource
from pipelines.libraries import load_libraries
from pipelines.settings import Settings
from pipelines.standards.elements import load_elements

__all__ = [
    "Sources",
    "check_sources",
    "load_source",
    "load_sources",
    "notes_on_sources",
    "usable_sources",
]


class Sources(dict[str, Source]):
    """Sources by name, and the faults of those contracts that could not be read."""

    def __init__(self, sources: Mapping[str, Source], faults: Sequence[ContractFault]) -> None:
        super().__init__(sources)
        self.faults = faults

    def __missing__(self, name: str) -> Source:
        """Say why there is no such source: its contract is faulty, or nothing declares it."""
        self.refuse_faulty([name])
        raise UnknownSource(name, sorted(self))

    @property
    def faulty(self) -> Mapping[str, Sequence[ContractFault]]:
        """The name of each source whose contract is faulty, with its faults."""
        by_name: dict[str, list[ContractFault]] = {}
        for fault in self.faults:
            by_name.setdefault(fault.file.stem, []).append(fault)
        return {name: faults for name, faults in by_name.items() if name not in self}

    def refuse_faulty(self, names: Sequence[str]) -> None:
        """Raise ContractsRefused if the contract of one of these sources is faulty."""
        faults = [fault for name in names for fault in self.faulty.get(name, ())]
        if faults:
            raise ContractsRefused(faults)


def load_sources(settings: Settings) -> Sources:
    """All sources of ``settings.sources`` by name, in order of name, without the faulty ones.

    Raises:
        ContractsRefused: none of the contracts can be used; carries all faults of all files.
    """
    sources = _read_all(settings)
    if sources.faults and not sources:
        raise ContractsRefused(sources.faults)
    return sources


def load_source(settings: Settings, name: str) -> Source:
    """The source of that name.

    Raises:
        UnknownSource: no contract declares it.
        ContractsRefused: its contract cannot be used.
    """
    return _read_all(settings)[name]


def usable_sources(settings: Settings) -> Mapping[str, Source]:
    """The active sources whose contracts have no fault: a faulty contract stops only itself."""
    return {
        name: source for name, source in _read_all(settings).items() if source.status == "active"
    }


def check_sources(settings: Settings) -> Sequence[ContractFault]:
    """Everything that is wrong with the contracts of ``settings.sources``; empty if all is well."""
    return _read_all(settings).faults


def notes_on_sources(sources: Mapping[str, Source]) -> Sequence[str]:
    """Hints about valid contracts: columns that are staged and part of no golden record."""
    notes = []
    for source in sources.values():
        golden = load_libraries()[source.library].columns
        unused = [
            column.name
            for column in source.columns
            if column.element and column.name not in golden and column.name != source.changed_at
        ]
        if unused:
            notes.append(
                f"{source.name}: staged, but not in the golden record: {', '.join(unused)}."
            )
    return notes


def _read_all(settings: Settings) -> Sources:
    references = References(load_elements(), load_libraries(), settings.home)
    sources: dict[str, Source] = {}
    faults: list[ContractFault] = []
    first_file: dict[str, Path] = {}
    for file in _contract_files(settings.sources, faults):
        file_faults = Faults(file)
        if file.stem in first_file:
            file_faults.add(
                "the file's name",
                file.stem,
                f"This source is declared by {first_file[file.stem]} as well.",
                "Rename one of the files; the name is the source's name.",
            )
        first_file.setdefault(file.stem, file)
        source = _read(file, references, file_faults)
        faults += file_faults.found
        if source is not None:
            sources[source.name] = source
    return Sources(dict(sorted(sources.items())), faults)


def _read(file: Path, references: References, faults: Faults) -> Source | None:
    _check_file_name(file, faults)
    try:
        text = read_text(file)
    except Unreadable as unreadable:
        faults.add(unreadable.where, file.name, unreadable.problem, unreadable.remedy)
        return None
    built = _known.get((file, references.home))
    if built is None or not built.is_of(text, references):
        if len(_known) >= _MOST_FILES:
            _known.clear()
        built = _known[file, references.home] = _build(file, text, references)
    faults.found.extend(built.faults)
    return built.source


@dataclass(frozen=True)
class _Built:
    """What a file was found to say, and what it was read against: the same text says it again."""

    text: str
    references: References
    source: Source | None
    faults: Sequence[ContractFault]

    def is_of(self, text: str, references: References) -> bool:
        """Whether text and declarations are those; of declarations, the very same ones."""
        mine = self.references
        same = mine.elements is references.elements and mine.libraries is references.libraries
        return same and self.text == text


_MOST_FILES = 1000  # that are remembered at once
_known: dict[tuple[Path, Path], _Built] = {}


def _build(file: Path, text: str, references: References) -> _Built:
    """To read YAML and check it costs some 10 ms a file, and every verb asks for all sources."""
    faults = Faults(file)
    document = read_document(text, faults)
    source = build_source(document, references, faults) if document is not None else None
    return _Built(text, references, source, tuple(faults.found))


def _check_file_name(file: Path, faults: Faults) -> None:
    department, separator, dataset = file.stem.partition("__")
    good = all(
        part.isascii() and part.isidentifier() and part.islower() and not part.startswith("_")
        for part in (department, dataset)
    )
    if not (separator and good):
        faults.add(
            "the file's name",
            file.name,
            "The name of a source is <department>__<dataset>.",
            "Write it in lower-case English, like health__medical_records.yml.",
        )
    elif len(file.stem) > 55:  # PostgreSQL cuts names at 63 bytes, and ours get prefixes
        faults.add("the file's name", file.name, "The name is too long.", "Use 55 letters at most.")


def _contract_files(folders: Sequence[Path], faults: list[ContractFault]) -> Iterator[Path]:
    for folder in folders:
        if folder.is_file():
            yield folder
            continue
        if not folder.is_dir():
            faults.append(
                ContractFault(
                    folder,
                    "sources",
                    str(folder),
                    "There is no such folder.",
                    "Correct --sources or BASELIB_SOURCES.",
                )
            )
        for file in sorted(folder.rglob("*.y*ml")):
            if any(part.startswith(".") for part in file.relative_to(folder).parts):
                continue
            if file.suffix == ".yml":
                yield file
            else:
                faults.append(
                    ContractFault(
                        file,
                        "the file's name",
                        file.name,
                        "A contract's name ends in .yml.",
                        f"Rename it to {file.stem}.yml.",
                    )
                )
