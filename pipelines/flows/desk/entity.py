"""One entity on one page: the golden record, masked, and where each of its values is from."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Engine, text

from pipelines.clean.masking import mask_text
from pipelines.flows.steward.explain import explain
from pipelines.identity.review.errors import UnknownSubject
from pipelines.libraries import Library, load_libraries
from pipelines.report.codes import named_code
from pipelines.report.steward.explanation import Explanation
from pipelines.settings import Settings
from pipelines.warehouse import connect


@dataclass(frozen=True)
class GoldenValue:
    """One value of a golden record, masked by its element, and the source that it is from."""

    title: str
    column: str
    value: str
    source: str


@dataclass(frozen=True)
class EntityView:
    """Everything on the page. ``readings``: when somebody looked at it unmasked, who and why."""

    library: Library
    entity_id: str
    golden: Sequence[GoldenValue]
    explanation: Explanation
    readings: Sequence[tuple[str, str, str]]


def look_at_entity(settings: Settings, entity_id: str) -> EntityView:
    """What is known of an entity, values masked.

    Raises:
        UnknownSubject: nothing is called so.
        RegroupingRefused: it has too many records to lay side by side.
    """
    explanation = explain(settings, [entity_id])
    current = explanation.entity_ids[0]
    engine = connect(settings)
    try:
        golden = _golden(engine, explanation.library, current)
        return EntityView(
            explanation.library, current, golden, explanation, _readings(engine, current)
        )
    finally:
        engine.dispose()


def library_of_entity(entity_id: str) -> Library:
    """The library whose ids look like this one.

    Raises:
        UnknownSubject: none has such ids.
    """
    for library in load_libraries().values():
        if entity_id.startswith(library.id_prefix):
            return library
    raise UnknownSubject(entity_id)


def _golden(engine: Engine, library: Library, entity_id: str) -> list[GoldenValue]:
    # The entity's name is that of a declaration, never of a request.
    view = f'base."{library.entity}_value"'
    query = text(f"SELECT column_name, value, source FROM {view} WHERE entity_id = :id")  # noqa: S608
    with engine.connect() as connection:
        found = {row.column_name: row for row in connection.execute(query, {"id": entity_id})}
    return [
        GoldenValue(
            column.title,
            name,
            named_code(mask_text(str(found[name].value), column.element.mask), column.element_name),
            found[name].source or "",
        )
        for name, column in library.columns.items()
        if name in found
    ]


def _readings(engine: Engine, entity_id: str) -> list[tuple[str, str, str]]:
    query = text("""
        SELECT read_at, read_by, purpose FROM audit.unmasked_reading
        WHERE :id = ANY (string_to_array(subject, ',')) ORDER BY read_at DESC LIMIT 20
    """)
    with engine.connect() as connection:
        return [
            (f"{at:%Y-%m-%d %H:%M}", by, purpose)
            for at, by, purpose in connection.execute(query, {"id": entity_id})
        ]
