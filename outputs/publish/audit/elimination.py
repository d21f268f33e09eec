"""Which withheld cells the equations fix, by exact arithmetic.

Elimination modulo a prime gives the withheld cells as combinations of some that stay free. With random values for the
free ones, a cell that the equations fix comes out zero always, any other one with a chance of one in 2**61. Rows are
added small to large, so the work stays near the number of entries.
"""

import heapq
import random

# A Mersenne prime: far above any minor of such a matrix of ones, so no combination is lost by the modulus.
PRIME = 2**61 - 1

Rows = dict[int, dict[int, int]]


def fixed_columns(equations: list[dict[int, int]]) -> set[int]:
    """Columns that are zero in every solution.

    Args:
        equations: column -> coefficient of each homogeneous equation.
    """
    rows: Rows = {number: dict(equation) for number, equation in enumerate(equations) if equation}
    columns = {column for row in rows.values() for column in row}
    pivots = _eliminate(rows)
    values = _random_solution(columns, pivots)
    return {column for column in columns if values[column] == 0}


def _eliminate(rows: Rows) -> list[tuple[int, dict[int, int]]]:
    """Each pivot column with its row as it stood when it was taken out, in order."""
    rows_of: dict[int, set[int]] = {}
    for number, row in rows.items():
        for column in row:
            rows_of.setdefault(column, set()).add(number)
    waiting = [(len(found), column) for column, found in rows_of.items()]
    heapq.heapify(waiting)
    pivots = []
    while waiting:
        degree, column = heapq.heappop(waiting)
        found = rows_of.get(column)
        if not found or degree != len(found):
            continue  # taken out already, or queued again since with its present number of rows
        number = min(found, key=lambda row: (len(rows[row]), row))
        pivot = rows.pop(number)
        changed = set(pivot)
        for other in sorted(rows_of[column] - {number}):
            changed |= _subtract(rows[other], pivot, column, other, rows_of)
        for entry in pivot:
            rows_of[entry].discard(number)
        del rows_of[column]
        pivots.append((column, pivot))
        for entry in sorted(changed - {column}):
            if rows_of.get(entry):
                heapq.heappush(waiting, (len(rows_of[entry]), entry))
    return pivots


def _subtract(
    row: dict[int, int], pivot: dict[int, int], column: int, number: int, rows_of: dict[int, set[int]]
) -> set[int]:
    """Take the pivot row out of another one so that the pivot column vanishes there; the columns it touched."""
    factor = row[column] * pow(pivot[column], -1, PRIME) % PRIME
    for entry, coefficient in pivot.items():
        value = (row.get(entry, 0) - factor * coefficient) % PRIME
        if value:
            row[entry] = value
            rows_of[entry].add(number)
        else:
            row.pop(entry, None)
            rows_of[entry].discard(number)
    return set(pivot)


def _random_solution(columns: set[int], pivots: list[tuple[int, dict[int, int]]]) -> dict[int, int]:
    draw = random.Random(20070601)
    pivot_columns = {column for column, _ in pivots}
    values = {column: draw.randrange(1, PRIME) for column in sorted(columns - pivot_columns)}
    for column, row in reversed(pivots):
        total = sum(coefficient * values[entry] for entry, coefficient in row.items() if entry != column)
        values[column] = -total * pow(row[column], -1, PRIME) % PRIME
    return values
