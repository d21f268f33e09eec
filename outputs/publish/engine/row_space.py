"""Which withheld cells the equations fix, over all relations at once.

A cell is fixed exactly when every solution of the homogeneous system (printed cells being constants) is zero there.
One random solution settles all cells together: it is zero at the fixed cells and, but for chance, nowhere else. The
solution is a random vector less its projection on the row space, found by conjugate gradients on the normal equations.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from outputs.publish.engine.system import Bools, CellSystem, Ints
from schemas.errors import UnsafeRelease

# A free cell comes this near to zero once in ten million draws, and then only costs a needless partner.
ZERO = 1e-7
SOLVED = 1e-10
MAX_STEPS = 20_000

Vector = NDArray[np.float64]


def fixed_cells(system: CellSystem, withheld: Bools, seed: int = 1) -> Ints:
    """Withheld cells that some combination of printed cells gives.

    Raises:
        UnsafeRelease: the projection did not converge, so nothing can be said about the release.
    """
    columns = np.flatnonzero(withheld)
    if not len(columns):
        return columns
    matrix = csr_array(system.matrix[:, columns])
    matrix = matrix[np.diff(matrix.indptr) > 0]
    solution = np.random.default_rng(seed).standard_normal(len(columns))
    return columns[np.abs(_project(matrix, solution)) < ZERO]


def _project(matrix: csr_array, vector: Vector) -> Vector:
    """The part of a vector that every relation takes to zero.

    Steps are taken on the multipliers y of (A A') y = A v, scaled by row length, and carried to v - A'y at once.
    """
    scale = 1 / np.diff(matrix.indptr)
    transposed = csr_array(matrix.T)
    error = matrix @ vector
    direction = scale * error
    length = _dot(error, direction)
    for _ in range(MAX_STEPS):
        if np.abs(error).max(initial=0.0) < SOLVED:
            # The running error drifts from the true one; what counts is the true one.
            error = matrix @ vector
            if np.abs(error).max(initial=0.0) < SOLVED:
                return vector
            direction = scale * error
            length = _dot(error, direction)
        change = transposed @ direction
        step = length / _dot(change, change)
        vector = vector - step * change
        error = error - step * (matrix @ change)
        scaled = scale * error
        new_length = _dot(error, scaled)
        direction = scaled + (new_length / length) * direction
        length = new_length
    raise UnsafeRelease("The row-space check did not converge; nothing was published. Report this with the cell table.")


def _dot(left: Vector, right: Vector) -> float:
    # Not numpy's dot: its threads wait for each other busily, ten times as long where the cores are shared.
    return float((left * right).sum())
