import numpy as np
import pytest
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from matching.groups import connected


@pytest.mark.parametrize(
    "links, groups",
    [
        ([], [0, 1, 2, 3, 4]),
        ([(3, 3)], [0, 1, 2, 3, 4]),
        ([(4, 1), (1, 4)], [0, 1, 2, 3, 1]),
        ([(4, 3), (3, 2), (0, 1)], [0, 0, 2, 2, 2]),
        ([(1, 4), (2, 3), (3, 4), (0, 2)], [0, 0, 0, 0, 0]),
    ],
)
def test_each_thing_is_named_by_the_smallest_it_hangs_together_with(links, groups):
    left, right = np.array(links, dtype=np.int64).reshape(-1, 2).T
    assert connected(5, left, right).tolist() == groups


def test_a_long_chain_in_any_order_is_one_group():
    order = np.random.default_rng(1).permutation(10_000)
    assert not connected(10_000, order[:-1], order[1:]).any()


@pytest.mark.parametrize("link_count", [100, 500, 2_000])
def test_groups_are_those_of_scipy(link_count):
    left, right = np.random.default_rng(link_count).integers(0, 1_000, (2, link_count))
    graph = coo_array((np.ones(link_count, np.int8), (left, right)), shape=(1_000, 1_000))
    _, labels = connected_components(graph, directed=False)
    _, first = np.unique(labels, return_index=True)
    assert np.array_equal(connected(1_000, left, right), first[labels])
