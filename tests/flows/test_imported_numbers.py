"""What districts are answered about numbers of an imported registry."""

from pathlib import Path

import numpy as np
import pytest

from flows.registry import import_registry, verify_registry
from flows.run import run_inbox
from matching.slips import one_slip_away, ours_one_slip_away
from schemas.clock import FixedClock
from schemas.paths import StateHome
from tests.conftest import OCTOBER_2024
from tests.flows.small_files import HERE, SCHOOL, Child, answers, child, drop, id_batch, new_home, run

ZEROS, ALIAS, GONE, HELD = "0012345678", "2345678901", "3456789012", "4567890123"
COLUMNS = (
    "state_id", "status", "alias_of", "last_name", "first_name", "middle_name", "birth_date", "gender", "race_ethnicity",
    "grade", "local_student_id",
)  # fmt: skip


def row(state_id: str, one: Child, **more: str) -> str:
    known = {**one, "state_id": state_id, "status": "active", **more}
    return ",".join([*(known.get(name, "") for name in COLUMNS), HERE, SCHOOL[HERE]])


def registry(folder: Path) -> Path:
    rows = [
        row(ZEROS, child(1)),
        row(ALIAS, {}, status="alias", alias_of=ZEROS),
        row(GONE, {}, status="retired"),
        row(HELD, child(2)),
        row(HELD, child(3)),
    ]
    file = folder / "old.csv"
    file.write_text("\n".join([",".join([*COLUMNS, "district_code", "school_code"]), *rows, ""]), "utf-8")
    return file


def taken_over(folder: Path, clock: FixedClock) -> StateHome:
    home = new_home(folder)
    import_registry(home, registry(folder), clock=clock, actor="ann", reason="takeover")
    return home


@pytest.mark.slow
def test_each_number_is_answered_as_it_stands(tmp_path: Path) -> None:
    clock = FixedClock(OCTOBER_2024)
    home = taken_over(tmp_path, clock)
    asked = [
        child(1, submitted_state_id=ZEROS),
        child(1, submitted_state_id=ZEROS.lstrip("0")),
        child(1, submitted_state_id=ALIAS),
        child(9, submitted_state_id=GONE),
        child(2, submitted_state_id=HELD),
        child(3),
    ]
    drop(home, HERE, "all.txt", id_batch(HERE, asked))
    clock.advance(minutes=1)
    run(home, clock)
    told = {
        int(line[20]): (line[18], line[19])
        for file in ("ids_assigned.txt", "errors_to_fix.txt")
        for line in answers(home, "all.txt", file)
    }
    assert [told[line] for line in range(2, 8)] == [
        ("CONFIRMED", "ID_CONFIRMED"),
        ("CONFIRMED", "ID_CONFIRMED"),
        ("CONFIRMED", "ID_MERGED"),
        ("ERROR", "SUPPLIED_ID_RETIRED"),
        ("ERROR", "ID_HELD"),
        ("ERROR", "ID_HELD"),
    ]
    assert {line[13] for line in answers(home, "all.txt", "ids_assigned.txt")} == {ZEROS}
    assert verify_registry(home).differences.is_empty()


class OneSlipFirst:
    """Draws a number one slip away from an imported one first, then others."""

    def __init__(self, number: int) -> None:
        self.bodies = [number // 10 - 10**8, *range(500_000_000, 500_000_100)]

    def random_bytes(self, count: int) -> bytes:
        taken, self.bodies = self.bodies[: count // 4], self.bodies[count // 4 :]
        return b"".join(body.to_bytes(4, "little") for body in taken)


def test_a_new_number_keeps_away_from_imported_ones(tmp_path: Path) -> None:
    clock = FixedClock(OCTOBER_2024)
    home = taken_over(tmp_path, clock)
    near = next(int(number) for some in ours_one_slip_away(np.array([int(GONE)])) for number in some)
    assert int(GONE) in one_slip_away(np.array([near]))[0]
    drop(home, HERE, "new.txt", id_batch(HERE, [child(5)]))
    run_inbox(home, clock=clock, id_source=OneSlipFirst(near), settle=0)
    ((given,),) = [[line[13] for line in answers(home, "new.txt", "ids_assigned.txt")]]
    assert given != str(near) and given.startswith("6")
