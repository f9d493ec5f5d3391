"""Batch ids: each begins with the date of its data, YYYYMMDD; order and date of a batch.

The date is part of the id so that "in the future" and "120 years old" are judged against the day of
the data: a replay next year finds what today's run found.
"""

import re
from datetime import date, datetime
from zoneinfo import ZoneInfo

from pipelines.errors import BadBatchId

CHINA = ZoneInfo("Asia/Shanghai")
_ID = re.compile(r"^(\d{8})(?:[-T][0-9A-Za-z]{1,20})?$")


def batch_date(batch: str) -> date:
    """The date of the batch's data.

    Raises:
        BadBatchId: the id does not begin with a calendar date, or has an unsafe suffix.
    """
    match = _ID.match(batch)
    if not match:
        raise BadBatchId(batch)
    try:
        return datetime.strptime(match[1], "%Y%m%d").date()  # noqa: DTZ007 - a calendar date
    except ValueError:
        raise BadBatchId(batch) from None


def batch_key(batch: str) -> str:
    """Text that sorts as batches were delivered: 20260630-10 after 20260630-2.

    The same order as ``batch_order`` of ``pipelines/records.py`` and ``delivered_order`` of the
    warehouse; compare batch ids by nothing else.
    """
    return f"{batch[:8]}{len(batch):02}{batch}"


def batch_of(moment: datetime) -> str:
    """The batch id of a moment with a time zone: the date that it is in China."""
    return moment.astimezone(CHINA).strftime("%Y%m%d")
