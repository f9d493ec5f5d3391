"""Connected components against networkx, on any graph."""

import ibis
import networkx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.errors import ComponentsDoNotSettle
from pipelines.resolve import components
from pipelines.resolve.components import connected_components
from pipelines.resolve.workspace import Workspace

nodes = st.integers(0, 30)
graphs = st.lists(st.tuples(nodes, nodes), min_size=1, max_size=40)


def components_of(con, edges):
    table = ibis.memtable(
        {"left": [left for left, _ in edges], "right": [right for _, right in edges]},
        schema=ibis.schema({"left": "int64", "right": "int64"}),
    )
    with Workspace(con) as space:
        found = con.to_pyarrow(connected_components(table, space)).to_pylist()
    return {row["node"]: row["component"] for row in found}


def oracle(edges):
    graph = networkx.Graph(edges)
    return {node: min(part) for part in networkx.connected_components(graph) for node in part}


@settings(max_examples=15, deadline=None)
@given(graphs)
def test_components_are_those_of_networkx(con, edges):
    assert components_of(con, edges) == oracle(edges)


def test_a_path_of_a_thousand_is_one_component(con):
    edges = [(step + 1, step) for step in range(1000)]
    assert set(components_of(con, edges).values()) == {0}


def test_labels_that_do_not_settle_are_an_error(con, monkeypatch):
    monkeypatch.setattr(components, "MOST_ROUNDS", 1)
    with pytest.raises(ComponentsDoNotSettle, match="after 1 rounds"):
        components_of(con, [(step, step + 1) for step in range(8)])
