"""What hangs together: groups of things of which any two are joined, directly or by way of others."""

import numpy as np


def connected(count: int, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """For each of ``count`` things the smallest thing it hangs together with.

    scipy's ``connected_components`` is as quick on a million things, but takes half a second to load, which is more than
    all of the small run that needs it.

    Args:
        left, right: the two ends of each link, from 0 to ``count - 1``.
    """
    group = np.arange(count, dtype=np.int64)
    while True:
        one, other = group[left], group[right]
        is_apart = one != other
        if not is_apart.any():
            return group
        left, right, one, other = left[is_apart], right[is_apart], one[is_apart], other[is_apart]
        # Every group joins the smallest of those it is linked with; then everybody learns where the chain of joins ends.
        np.minimum.at(group, np.maximum(one, other), np.minimum(one, other))
        while not np.array_equal(group, further := group[group]):
            group = further
