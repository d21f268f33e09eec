"""Which withheld cells the equations fix, over all relations at once.

A cell is fixed exactly when every solution of the homogeneous system (printed cells being constants) is zero there.
One random solution settles all cells together: it is zero at the fixed cells and, but for chance, nowhere else. The
solution is a random vector less its projection on the row space, by LSMR.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.linalg import lsmr

from outputs.publish.engine.system import Bools, CellSystem, Ints
from schemas.errors import UnsafeRelease

# A free cell comes this near to zero once in ten million draws, and then only costs a needless partner.
ZERO = 1e-7
SOLVED = 1e-10
MAX_PASSES = 6


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


def _project(matrix: csr_array, vector: NDArray[np.float64]) -> NDArray[np.float64]:
    """The part of a vector that every relation takes to zero."""
    for _ in range(MAX_PASSES):
        error = matrix @ vector
        if np.abs(error).max(initial=0.0) < SOLVED:
            return vector
        vector = vector - lsmr(matrix, error, atol=1e-13, btol=1e-13, conlim=0, maxiter=20_000)[0]
    raise UnsafeRelease("The row-space check did not converge; nothing was published. Report this with the cell table.")
