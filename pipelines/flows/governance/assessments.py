"""Impact assessments of a site beside everything that handles personal data: grants, returns."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pipelines.flows.governance.catalogue import derive_catalogue, today_of
from pipelines.governance.assessments import (
    Processing,
    assessment_table,
    read_assessments,
    unassessed,
)
from pipelines.governance.resources.further import read_granted_views
from pipelines.governance.returns.declared import read_recipients
from pipelines.governance.tables import OutputTable
from pipelines.libraries import Library, load_libraries
from pipelines.settings import Settings

_PERSONAL = ("personal", "sensitive")


@dataclass(frozen=True)
class AssessmentRegister:
    """The register as a table, and what lacks an assessment in force, with the reason."""

    table: OutputTable
    missing: Sequence[tuple[Processing, str]]


def assessment_register(settings: Settings) -> AssessmentRegister:
    """The register of a site as of today.

    Raises:
        DeclarationRefused: an assessment, a grant's file or a return cannot work.
    """
    known, today = read_assessments(settings.governance), today_of(settings)
    missing = list(unassessed(processings(settings), known, today))
    names = {each.origin: each.name for each in derive_catalogue(settings).entries}
    recipients = read_recipients(settings.governance, load_libraries())
    names |= {f"return {name}": f"数据回流（{each.title}）" for name, each in recipients.items()}
    return AssessmentRegister(assessment_table(known, missing, today, names), missing)


def processings(settings: Settings) -> list[Processing]:
    """Grants and returns with what they show of persons."""
    libraries = load_libraries()
    found = [
        Processing(
            f"grant {each.name}",
            f"{each.consumer}：{each.purpose}",
            _personal(libraries.get(each.library), each.columns),
            each.assessment,
        )
        for each in read_granted_views(settings.grants)
    ]
    for name, recipient in read_recipients(settings.governance, libraries).items():
        items = [
            title
            for library, returned in recipient.libraries.items()
            for title in _personal(libraries[library], returned.columns)
        ]
        processing = Processing(f"return {name}", recipient.title, items, recipient.assessment)
        found.append(processing)
    return found


def _personal(library: Library | None, names: Iterable[str]) -> Sequence[str]:
    columns = [library.columns[name] for name in names if library and name in library.columns]
    return [each.title for each in columns if each.element.sensitivity in _PERSONAL]
