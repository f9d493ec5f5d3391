"""The first verb of a library's run in Airflow: resolve, or end the day where nothing has changed.

``baselib run`` asks the same before it builds; a scheduler asks here, and skips what would follow.
"""

from pipelines.flows.library.build import resolve
from pipelines.flows.library.report import has_something_to_tell
from pipelines.flows.library.unchanged import is_unchanged
from pipelines.flows.shared.results import LibraryUnchanged, ResolveResult
from pipelines.flows.shared.session import open_session
from pipelines.libraries import load_library
from pipelines.settings import Settings


def resolve_if_changed(
    settings: Settings, library_name: str, run: str
) -> ResolveResult | LibraryUnchanged:
    """As ``resolve``, unless the run would come to what the last one came to.

    Raises:
        BaselibError: as ``resolve``.
    """
    library = load_library(library_name)
    with open_session(settings) as session:
        if is_unchanged(session, library, run):
            goes_on = ("report_library",) if has_something_to_tell(session, library, run) else ()
            return LibraryUnchanged(library.name, run, goes_on)
    return resolve(settings, library_name, run)
