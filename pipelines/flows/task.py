"""A verb as a task of a scheduler: what the command line does around a verb is done here, too."""

from typing import Any

from pipelines.contracts.source import Source
from pipelines.flows.doctor import check_places
from pipelines.runtime.faults import explain_error
from pipelines.settings import Settings

# A run begins with one of these: folders and free space are looked at before they work.
_FIRST = frozenset({"land", "resolve", "resolve_if_changed"})


def run_verb(name: str, settings: Settings, *about: Source | str) -> Any:
    """Call a verb of this package by its name; returns its result.

    Args:
        name: Of the verb.
        settings: Of the site.
        about: What the verb takes besides: source or library, batch or run.

    Raises:
        BaselibError: whatever went wrong. An error of the system, of the database or of the code is
            told in a sentence without values; its traceback is in a file below the home folder.
    """
    from pipelines import flows

    verb: Any = getattr(flows, name)
    try:
        if name in _FIRST:
            check_places(settings)
        return verb(settings, *about)
    except Exception as error:  # noqa: BLE001 - as on the command line, whatever it is
        raise explain_error(error, _doing(name, *about), settings.home) from None


def _doing(name: str, *about: Source | str) -> str:
    """Source or library, batch and verb, as ``baselib run`` names them."""
    if not about:
        return name
    subject, *when = (each if isinstance(each, str) else each.name for each in about)
    return ", ".join([subject, *(f"batch {each}" for each in when), name])
