"""Names that people use for school years, layouts and cycles."""

from schemas.dictionary import CYCLES, Dictionary

_MONTHS = {
    "Aug": "August", "Oct": "October", "Dec": "December", "Feb": "February", "Apr": "April", "Jun": "June",
}  # fmt: skip


def year_name(school_year: int) -> str:
    """``2026-27`` for school year 2027."""
    return f"{school_year - 1}-{school_year % 100:02}"


def layout_title(layout: str) -> str:
    """``Student core`` for ``student_core``; a name that says ID is left so."""
    return " ".join("ID" if word == "id" else word for word in layout.split("_")).capitalize().replace("Id ", "ID ")


def cycle_name(cycle: str) -> str:
    """``October`` for ``Oct``; a testing window keeps its short name."""
    return _MONTHS.get(cycle, cycle)


def cycle_names(cycles: frozenset[str], everything: frozenset[str]) -> str:
    """Cycles in the order of the school year; ``every cycle`` where none is missing."""
    if cycles == everything and len(cycles) > 1:
        return "every cycle"
    place = {cycle: number for number, cycle in enumerate(CYCLES)}
    return ", ".join(cycle_name(cycle) for cycle in sorted(cycles, key=lambda cycle: (place.get(cycle, 99), cycle)))


def cycles_of(dictionary: Dictionary, layout: str, school_year: int) -> frozenset[str]:
    """The cycles in which a layout is collected in a school year."""
    return frozenset(
        each.cycle for each in dictionary.collections if (each.layout, each.school_year) == (layout, school_year)
    )
