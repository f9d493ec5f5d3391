"""The file of a grant out of an approved request: who, what for, on what ground, until when."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import yaml

from pipelines.governance.sharing.request import RequestRefused, SharingRequest

_LONGEST = timedelta(days=3 * 366)  # a grant is looked at again after three years


@dataclass(frozen=True)
class GrantedPart:
    """What the approval allows: columns with ``clear`` or ``mask``, how they are looked up."""

    name: str  # of the grant, <consumer>__<purpose>
    library: str
    columns: Mapping[str, str]
    operations: Sequence[str]
    lookup_by: Sequence[Sequence[str]] = ()
    assessment: str = ""  # number of the impact assessment
    public_key: str = ""


def grant_text(request: SharingRequest, part: GrantedPart, approved_on: date) -> str:
    """The YAML of the grant; `baselib grants check` judges it as any other.

    Raises:
        RequestRefused: the request's term is no day, or has passed.
    """
    ends = request.ends_on
    if ends is None or ends < approved_on:
        problem = f"its term “{request.until}” is no day to come."
        raise RequestRefused(request.number, problem, "Correct until: 2027-12-31.")
    given = {
        "consumer": request.consumer,
        "purpose": request.purpose,
        "legal_basis": request.basis,
        "approved_by": request.answered_by,
        "valid_from": approved_on,
        "valid_to": min(ends, approved_on + _LONGEST),
        "library": part.library,
        "columns": dict(part.columns),
        "lookup_by": [list(each) for each in part.lookup_by],
        "operations": list(part.operations),
        "assessment": part.assessment,
        "public_key": part.public_key,
    }
    kept = {name: value for name, value in given.items() if value not in ("", [])}
    head = f"# 依据共享申请 {request.number}：{request.scene}；范围：{request.scope}。\n"
    text = yaml.safe_dump(kept, allow_unicode=True, sort_keys=False, width=120)
    return head.replace("\n", " ").rstrip() + "\n" + text
