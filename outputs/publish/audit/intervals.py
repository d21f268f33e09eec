"""How far a reader can narrow each withheld cell by size: counts are whole and not negative, a cell withheld for its
size holds 1 to T-1 students, any other withheld one at least T because true zeros are printed."""

from collections import deque

from outputs.publish.audit.relations import Cell, Equation, PublicSystem

# An equation that keeps moving bounds by one is given up on: bounds found so far stay true.
MAX_VISITS = 500
NO_LIMIT = 10**15


def bounds_of(system: PublicSystem) -> list[tuple[int, int]]:
    """Lowest and highest count of each cell; ``NO_LIMIT`` where nothing limits it."""
    low = [_lowest(cell) for cell in system.cells]
    high = [_highest(cell) for cell in system.cells]
    equations_of: list[list[int]] = [[] for _ in system.cells]
    for number, equation in enumerate(system.equations):
        for member in (equation.parent, *equation.children):
            equations_of[member].append(number)
    waiting = deque(range(len(system.equations)))
    is_waiting = [True] * len(system.equations)
    visits = [0] * len(system.equations)
    while waiting:
        number = waiting.popleft()
        is_waiting[number] = False
        visits[number] += 1
        for member in _narrow(system.equations[number], low, high):
            for other in equations_of[member]:
                if not is_waiting[other] and visits[other] < MAX_VISITS:
                    is_waiting[other] = True
                    waiting.append(other)
    return list(zip(low, high, strict=True))


def _lowest(cell: Cell) -> int:
    if cell.count is not None:
        return cell.count
    if cell.is_small:
        return 0 if cell.zeros == "protect" else 1
    return cell.threshold


def _highest(cell: Cell) -> int:
    if cell.count is not None:
        return cell.count
    return cell.threshold - 1 if cell.is_small else NO_LIMIT


def _narrow(equation: Equation, low: list[int], high: list[int]) -> list[int]:
    """Narrow the members of one equation in place; which of them moved."""
    parent = equation.parent
    lowest = sum(low[child] for child in equation.children)
    highest = sum(high[child] for child in equation.children)
    moved = [parent] if _move(parent, lowest, highest, low, high) else []
    for child in equation.children:
        before = low[child], high[child]
        least = low[parent] - (highest - high[child])
        most = high[parent] - (lowest - low[child]) if high[parent] < NO_LIMIT else NO_LIMIT
        if _move(child, least, most, low, high):
            moved.append(child)
            lowest += low[child] - before[0]
            highest += high[child] - before[1]
    return moved


def _move(cell: int, least: int, most: int, low: list[int], high: list[int]) -> bool:
    before = low[cell], high[cell]
    low[cell] = max(low[cell], least)
    high[cell] = min(high[cell], most)
    return before != (low[cell], high[cell])
