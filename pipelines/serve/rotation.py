"""Rotate the site's keys: a new secret, noted in the log, whose last seal is of the old one."""

from pipelines.flows.shared.site_keys import rotate_keys
from pipelines.serve.audit.seal import seal_log
from pipelines.settings import Settings
from pipelines.warehouse import connect
from pipelines.warehouse.quality.audit_events import Event, note_event


def rotate(settings: Settings, by: str) -> int:
    """Note who does it, seal what was noted by the key of before, and add a secret; its version."""
    engine = connect(settings)
    try:
        with engine.begin() as connection:
            note_event(connection, Event("key rotation", "ok", actor=by))
    finally:
        engine.dispose()
    seal_log(settings)
    return rotate_keys(settings)
