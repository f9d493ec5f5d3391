"""What a library is built without: sources that failed, were stopped, never came or are late.

A library goes on without them, with what they delivered before, and says so. Without the authority
for its identifying element it may not: whoever knows the numbers decides which of two is right.
"""

from collections.abc import Mapping, Sequence

from pipelines.contracts import usable_sources
from pipelines.contracts.source import Source
from pipelines.flows.shared.errors import AuthorityMissing
from pipelines.flows.shared.run_inputs import inputs_of_run
from pipelines.flows.shared.session import Session
from pipelines.flows.source.attention import Attention, sources_to_look_at
from pipelines.libraries import Library
from pipelines.settings import Settings
from pipelines.warehouse import connect, read_publications

LATE = "late"


def lacks_of(session: Session, library: Library) -> list[Attention]:
    """The sources of a library that need a look, in order of name."""
    names = {
        name
        for name, source in usable_sources(session.settings).items()
        if source.library == library.name
    }
    found = sources_to_look_at(session.settings, session.warehouse)
    return [each for each in found if each.source in names]


def what_was_lacking(settings: Settings, libraries: Sequence[Library], run: str) -> list[str]:
    """A sentence for each library that this run published without some of its sources, and why."""
    engine = connect(settings)
    try:
        last = {each.library: each for each in read_publications(engine)}
        look = sources_to_look_at(settings, engine)
    finally:
        engine.dispose()
    sentences = []
    for library in libraries:
        published = last.get(library.name)
        if published is None or published.run != run:
            continue
        lacks = {"without": published.without_sources, LATE: published.late_sources}
        told = "; ".join(
            f"{how}: {', '.join(_with_reason(name, look, how) for name in names)}"
            for how, names in lacks.items()
            if names
        )
        if told:
            sentences.append(f"{library.title} ({library.name}) was built with gaps; {told}.")
    return sentences


def _with_reason(source: str, look: Sequence[Attention], how: str) -> str:
    """A source may be stopped and late, too: each list has its own reason."""
    mine = [each for each in look if each.source == source]
    why = [each.reason for each in mine if (each.state == LATE) == (how == LATE)]
    return f"{source} ({'; '.join(why)})" if why else source


def refuse_without_authority(session: Session, library: Library, run: str) -> None:
    """Go on only with the departments that the library's declaration needs.

    Raises:
        AuthorityMissing: one of them has delivered nothing that this run could read.
    """
    policy = library.publication
    if policy.when == "first" and read_publications(session.warehouse, library.name):
        return
    authority = library.columns[library.identity.strong].authority
    declared = _knowing_sources(session, library)
    if policy.needs is None:  # where a contract promises its data
        needed: Sequence[str] = [name for name in authority[:1] if name in declared]
    else:
        needed = policy.needs
    usable = _usable(session, library, run)
    missing = [
        name
        for name in needed
        if not any(source.name in usable for source in declared.get(name, ()))
    ]
    if missing:
        troubles = {each.source: each.reason for each in lacks_of(session, library)}
        theirs = [source.name for name in missing for source in declared.get(name, ())]
        told = [f"{name}: {troubles.get(name, 'has not delivered yet')}" for name in theirs]
        raise AuthorityMissing(
            f"{library.title} ({library.name})", run, library.identity.strong, missing, told
        )


def _knowing_sources(session: Session, library: Library) -> Mapping[str, Sequence[Source]]:
    """Sources that deliver the identifying element, by department."""
    by_department: dict[str, list[Source]] = {}
    for source in usable_sources(session.settings).values():
        delivers = any(column.name == library.identity.strong for column in source.columns)
        if source.library == library.name and delivers:
            by_department.setdefault(source.department, []).append(source)
    return by_department


def _usable(session: Session, library: Library, run: str) -> set[str]:
    """Sources of which the run reads a batch; where always is asked for, the newest one."""
    read = {row["source"] for row in inputs_of_run(session, library, run) if row["batches"]}
    if library.publication.when == "first":
        return read
    failed = {each.source for each in lacks_of(session, library) if each.state != LATE}
    return read - failed
