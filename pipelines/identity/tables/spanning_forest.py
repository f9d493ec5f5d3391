"""Maximum spanning forest: the strongest links that connect each component, without cycles.

Each record's own best link is not enough: of two that are each other's best, neither would be
linked to the rest of the component.
"""

import ibis
import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import breadth_first_order, connected_components, minimum_spanning_tree

from pipelines.identity.tables.temp_tables import TempTables

_Places = NDArray[np.int64]


def spanning_forest(edges: ir.Table, temp: TempTables) -> ir.Table:
    """Components, each as a tree of its strongest edges that is rooted at its smallest node.

    Edges go to numpy: they are few, of what the rules left over, and the algorithms (Kruskal's
    forest, breadth-first search) are scipy's.

    Args:
        edges: ``left, right, place`` (int64); the smaller the place, the stronger the edge. Equal
            places go by the smaller nodes. Direction and repetition do not matter.
        temp: Where intermediate tables are materialised.

    Returns:
        ``node, component`` (its smallest node) and ``towards``, the node's neighbour on the way to
        the root; NULL for the root itself. One row per node.
    """
    given = edges.select("left", "right", "place").to_pyarrow()
    left, right, place = (given[name].to_numpy() for name in ("left", "right", "place"))
    nodes, ends = np.unique(np.concatenate([left, right]), return_inverse=True)
    parent, root = _rooted(ends[: len(left)], ends[len(left) :], place, len(nodes))
    towards = pa.array(nodes[parent], mask=parent == np.arange(len(nodes)))
    table = pa.table({"node": nodes, "component": nodes[root], "towards": towards})
    return temp.materialise(ibis.memtable(table))


def _rooted(left: _Places, right: _Places, place: _Places, size: int) -> tuple[_Places, _Places]:
    """Parent (a root's is itself) and root of each of ``size`` nodes."""
    if not size:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    low, high = np.minimum(left, right), np.maximum(left, right)
    order = np.lexsort((high, low, place))
    low, high = low[order], high[order]
    _, strongest = np.unique(low * size + high, return_index=True)  # of each pair
    weight = strongest + 1.0  # different for all, so there is one forest; 0 would be no edge
    tree = minimum_spanning_tree(
        csr_array((weight, (low[strongest], high[strongest])), shape=(size, size))
    ).tocoo()
    _, label = connected_components(tree, directed=False)
    _, first = np.unique(label, return_index=True)
    # One more node that all roots hang on, so that one search reaches every tree.
    ends = np.concatenate([tree.row, np.full(len(first), size)])
    starts = np.concatenate([tree.col, first])
    hung = csr_array((np.ones(len(ends)), (ends, starts)), shape=(size + 1, size + 1))
    _, before = breadth_first_order(hung, size, directed=False)
    parent = before[:size].astype(np.int64)
    own = np.arange(size)
    return np.where(parent == size, own, parent), first[label].astype(np.int64)
