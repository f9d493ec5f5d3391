"""Connected components, set-based: the engine propagates labels, Python only counts rounds."""

import ibis
import ibis.expr.types as ir

from pipelines.errors import ComponentsDoNotSettle
from pipelines.resolve.workspace import Workspace

# Labels travel twice as far each round, so 40 rounds reach across a path of 2**40 records.
MOST_ROUNDS = 40


def connected_components(edges: ir.Table, space: Workspace) -> ir.Table:
    """Group records that are joined by edges, however many steps apart.

    Min-label propagation with pointer jumping: in each round a record takes the smallest label
    among its neighbours, then the label of that label.

    Args:
        edges: ``left`` and ``right`` (int64); direction and repetition do not matter.
        space: Keeps the labels between rounds.

    Returns:
        ``node`` and ``component`` for every record that has an edge; ``component`` is the smallest
        node of its component.

    Raises:
        ComponentsDoNotSettle: a defect, never data: the labels still change after MOST_ROUNDS.
    """
    forth = edges.select(node=edges.left, neighbour=edges.right)
    back = edges.select(node=edges.right, neighbour=edges.left)
    both = space.hold(forth.union(back, distinct=True))
    labels = both.group_by("node").agg(near=both.neighbour.min())
    labels = space.hold(labels.select("node", component=ibis.least(labels.node, labels.near)))
    for _ in range(MOST_ROUNDS):
        spread = space.hold(_spread(both, labels))
        after = space.hold(_jump(spread))
        changed = after.inner_join(labels, "node").filter(
            lambda both: both.component != both.component_right
        )
        if not changed.count().execute():
            return after
        labels = after
    raise ComponentsDoNotSettle(MOST_ROUNDS)


def _spread(both: ir.Table, labels: ir.Table) -> ir.Table:
    """Every record takes the smallest label among itself and its neighbours."""
    theirs = labels.select(neighbour=labels.node, theirs=labels.component)
    seen = both.inner_join(theirs, "neighbour").group_by("node").agg(near=lambda t: t.theirs.min())
    joined = labels.inner_join(seen, "node")
    return joined.select("node", component=ibis.least(joined.component, joined.near))


def _jump(labels: ir.Table) -> ir.Table:
    """Every record takes the label of the record that its label is."""
    further = labels.select(component=labels.node, further=labels.component)
    joined = labels.inner_join(further, "component")
    return joined.select("node", component=joined.further)
