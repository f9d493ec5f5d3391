"""The strongest links that hold components together: against networkx, on any graph."""

import ibis
import networkx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.identity.tables.spanning_forest import spanning_forest
from pipelines.identity.tables.temp_tables import TempTables

nodes = st.integers(0, 30)
graphs = st.lists(st.tuples(nodes, nodes, st.integers(1, 5)), max_size=40)


def forest_of(con, edges):
    columns = zip(*edges, strict=True) if edges else ((), (), ())
    names = ("left", "right", "place")
    table = ibis.memtable(
        {name: list(column) for name, column in zip(names, columns, strict=True)},
        schema=ibis.schema(dict.fromkeys(names, "int64")),
    )
    with TempTables(con) as temp:
        found = con.to_pyarrow(spanning_forest(table, temp)).to_pylist()
    return {row["node"]: (row["component"], row["towards"]) for row in found}


def graph_of(edges):
    """Each pair with its strongest edge."""
    graph = networkx.Graph()
    for left, right, place in sorted(edges, key=lambda edge: -edge[2]):
        graph.add_edge(left, right, weight=place)
    return graph


@settings(max_examples=25, deadline=None)
@given(graphs)
def test_components_are_those_of_networkx(con, edges):
    parts = networkx.connected_components(graph_of(edges))
    assert {node: component for node, (component, _) in forest_of(con, edges).items()} == {
        node: min(part) for part in parts for node in part
    }


@settings(max_examples=25, deadline=None)
@given(graphs)
def test_links_are_a_forest_as_strong_as_that_of_networkx(con, edges):
    graph = graph_of(edges)
    found = forest_of(con, edges)
    links = [(node, towards) for node, (_, towards) in found.items() if towards is not None]
    best = networkx.minimum_spanning_tree(graph).edges(data="weight")
    weights = sorted(weight for left, right, weight in best if left != right)
    assert sorted(graph[left][right]["weight"] for left, right in links) == weights
    for node, (component, towards) in found.items():
        assert (towards is None) == (node == component), "the root alone is linked to nobody"
        steps = 0
        while towards is not None:
            node, steps = towards, steps + 1
            towards = found[node][1]
            assert steps <= len(found), "no circle"
        assert node == component


def test_two_that_are_each_others_best_do_not_vouch_for_one_another_alone(con):
    edges = [(1, 2, 1), (2, 1, 1), (0, 2, 9), (2, 0, 9)]
    assert forest_of(con, edges) == {0: (0, None), 2: (0, 0), 1: (0, 2)}


@pytest.mark.parametrize("turned", [False, True])
def test_neither_order_nor_direction_of_equal_edges_matters(con, turned):
    edges = [(3, 1, 1), (1, 2, 1), (2, 3, 1)]
    if turned:
        edges = [(right, left, place) for left, right, place in reversed(edges)]
    assert forest_of(con, edges) == {1: (1, None), 2: (1, 1), 3: (1, 1)}


def test_a_path_of_a_thousand_is_one_component(con):
    found = forest_of(con, [(step + 1, step, 1) for step in range(1000)])
    assert {component for component, _ in found.values()} == {0}
