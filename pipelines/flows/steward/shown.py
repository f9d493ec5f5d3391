"""How a record is called before a steward: department, data set and key, masked."""

from pipelines.clean.masking import hide_numbers_in_text, mask_text
from pipelines.contracts import load_sources
from pipelines.flows.shared.session import Session
from pipelines.identity.review.decisions import Record
from pipelines.report.owner.bad_rows import key_mask


def shown_record(session: Session, record: Record) -> str:
    """A record's department, data set and key, as they may be shown."""
    source = load_sources(session.settings).get(record.source)
    if source is None:
        return f"{record.source}:***"
    masked = hide_numbers_in_text(mask_text(record.key, key_mask(source)))
    return f"{source.owner.department}《{source.title}》{masked}"
