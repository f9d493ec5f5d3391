"""Disclosure check of what is to be published, measured on the result."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipelines.governance.opendata.declared import OpenDataSet
from pipelines.governance.opendata.protect import Key, Protected


@dataclass(frozen=True)
class Risk:
    """What was measured, of the entities as they are and as they are published.

    ``unique``: entities that alone have their combination of values, before protection;
    ``smallest``: the smallest group shown; ``suppressed``: entities left out; ``highest``: the
    probability of naming an entity whose combination is known (prosecutor risk).
    """

    entities: int
    unique: int
    groups: int
    smallest: int | None
    suppressed: int
    narrow_changes: int  # cells that differ from the last edition by fewer than k
    exposed: int = 0  # suppressed cells that sums of rows and columns would tell

    @property
    def highest(self) -> float:
        """1 / the smallest group; 0 where nothing is shown."""
        return 1 / self.smallest if self.smallest else 0.0

    @property
    def suppressed_share(self) -> float:
        """Share of entities left out."""
        return self.suppressed / self.entities if self.entities else 0.0


def measure_risk(
    declared: OpenDataSet,
    counts: Mapping[Key, int],
    protected: Protected,
    last: Mapping[Key, int] | None,
) -> Risk:
    """Measure what would be published.

    Args:
        declared: The data set.
        counts: True counts by combination of values.
        protected: What is shown of them.
        last: Cells of the last edition as published; None: there is none.
    """
    groups = _groups(declared, protected)
    narrow = [
        key
        for key, count in protected.shown.items()
        if last and key in last and 0 < abs(count - last[key]) < declared.k
    ]
    return Risk(
        entities=sum(counts.values()),
        unique=sum(count == 1 for count in counts.values()),
        groups=len(groups),
        smallest=min(groups.values(), default=None),
        suppressed=sum(protected.suppressed.values()),
        narrow_changes=len(narrow) if declared.form == "table" else 0,
        exposed=protected.exposed,
    )


def _groups(declared: OpenDataSet, protected: Protected) -> Mapping[Key, int]:
    """Groups of what is shown that share all values by which somebody could be known."""
    if declared.diversity is None:
        return protected.shown
    place = list(declared.columns).index(declared.diversity.column)
    groups: dict[Key, int] = {}
    for key, count in protected.shown.items():
        known = key[:place] + key[place + 1 :]
        groups[known] = groups.get(known, 0) + count
    return groups


def refusals(declared: OpenDataSet, risk: Risk) -> Sequence[str]:
    """Why the data set may not be published; none where it may."""
    told = []
    if not risk.groups:
        told.append("Nothing is left to show: every group is too small. Generalise further.")
    if risk.smallest is not None and risk.smallest < _floor(declared):
        told.append(f"A group of {risk.smallest} would be shown; k is {declared.k}.")
    if risk.suppressed_share > declared.most_suppressed:
        told.append(
            f"{risk.suppressed_share:.1%} of the entities would be left out, more than "
            f"{declared.most_suppressed:.1%}: it would say little, and what is left out stands out."
            " Generalise a column further, or leave one out."
        )
    if risk.exposed:
        told.append(
            f"{risk.exposed} suppressed cell(s) could be computed from sums, and nothing more can "
            "be left out beside them. Generalise a column further, or leave one out."
        )
    if risk.narrow_changes:
        told.append(
            f"{risk.narrow_changes} cell(s) differ from the last edition by fewer than "
            f"{declared.k}: the difference is a group that small. Set round_to to {declared.k}, "
            "or publish less often."
        )
    return told


def _floor(declared: OpenDataSet) -> int:
    """The smallest count that may be shown: k, as far as rounding may have lowered it."""
    return declared.k - declared.round_to // 2 if declared.form == "table" else declared.k
