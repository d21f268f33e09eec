"""A canary child in each district: nothing that only its own district may see is found in anybody else's place.

Names and birth dates of a candidate are shown to a district that asks about nearly the same child, by design; local IDs of
another district, Social Security numbers, guardians and everything else never are.
"""

import json
import logging
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from flows.publication import count_cells, precode, release_cells
from flows.run import preview_run
from flows.session import open_session
from schemas.clock import FixedClock
from schemas.database import open_state
from schemas.paths import StateHome
from tests.flows.certifying import certify_trial
from tests.flows.small_files import HERE, OCTOBER, THERE, child, core_file, drop, id_batch, new_home, receipts, run
from tests.flows.test_commands import mosis

SSN = {HERE: "501234567", THERE: "502345678"}
CANARY = {
    HERE: {
        "last_name": "Kanarienvogel", "first_name": "Hereward", "middle_name": "Aviarius", "local_student_id": "HLOC77441",
        "guardian_last_name": "Voliere", "guardian_first_name": "Kaefigia",
    },
    THERE: {
        "last_name": "Serinuscanaria", "first_name": "Theodelinde", "middle_name": "Pennatus", "local_student_id": "TLOC99553",
        "guardian_last_name": "Nistkasten", "guardian_first_name": "Gefiederta",
    },
}  # fmt: skip
# Nobody else asks about these, so not even a name may be seen. The neighbour is asked about by the other district.
NEIGHBOUR = {
    "last_name": "Zeisigmann",
    "first_name": "Carduelis",
    "middle_name": "Spinus",
    "local_student_id": "HLOC88662",
}
OTHER = {HERE: THERE, THERE: HERE}
# Text of the core file that no rule looks at and only the own district may see again.
BROKEN = {"gender": "QX7Z", "race_ethnicity": "ZQ9Y", "birth_date": "13/45/2012Q"}


@dataclass
class Watched:
    """A home after everything that writes, and all that was said on the way."""

    home: StateHome
    said: str


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    home, clock = new_home(tmp_path_factory.mktemp("canary")), FixedClock(datetime(2025, 10, 6, 14, tzinfo=UTC))
    said: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: said.append(record.getMessage())  # type: ignore[method-assign]
    logging.getLogger().addHandler(handler)
    others = [child(number) for number in range(30)]
    here = [{**others[0], **CANARY[HERE], "ssn": SSN[HERE]}, {**others[1], **NEIGHBOUR}, *others[2:15]]
    there = [{**others[16], **CANARY[THERE], "ssn": SSN[THERE]}, *others[17:]]
    for district, children in ((HERE, here), (THERE, there)):
        drop(home, district, "batch.txt", id_batch(district, children))
    said.append(json.dumps(run(home, clock).to_json()))
    clock.advance(days=1)
    # A second local ID for the canary: a question. Broken values on it: violations. A file without a header, a file in
    # the wrong folder, a cut line: refusals.
    drop(home, HERE, "core.csv", core_file(HERE, here))
    drop(home, THERE, "core.csv", core_file(THERE, [*there, {**there[0], "local_student_id": "TLOC99554"}]))
    drop(home, HERE, "broken.txt", id_batch(HERE, [{**here[0], **BROKEN}], number=7))
    drop(home, HERE, "headerless.csv", core_file(HERE, here).partition(b"\n")[2])
    drop(home, HERE, "wrong-folder.csv", core_file(THERE, there[1:]))
    drop(
        home,
        HERE,
        "cut.csv",
        core_file(HERE, [*here, {**here[0], "last_name": "Kanarienvogel\tx\x00"}]) + b"Kanarienvogel,cut",
    )
    asked = {**here[1], "first_name": "Car", "middle_name": "", "local_student_id": "TLOC11"}
    drop(home, THERE, "ask.txt", id_batch(THERE, [asked], number=8))
    said.append(json.dumps(preview_run(home, clock=clock).to_json()))
    said.append(json.dumps(run(home, clock).to_json()))
    clock.advance(days=1)
    for arguments in (
        ("run", "--settle", "0"),
        ("run", "--settle", "0", "--json"),
        ("status",),
        ("status", "--json", "--all"),
    ):
        answer = mosis(*arguments, home=home.root)
        said += [answer.stdout, answer.stderr]
    drop(home, HERE, "core2.csv", core_file(HERE, here))
    run(home, clock)
    for district in (HERE, THERE):
        decision = certify_trial(home, district, OCTOBER, actor="tester", clock=clock)
        said.append(decision.text)
    with open_session(home, clock) as session:
        said.append(precode(session, "MAPSPR", 2026, "operator").text)
        said.append(count_cells(session, 2026, "Oct"))
        release_cells(session, 2026, "Oct")
    logging.getLogger().removeHandler(handler)
    yield Watched(home, "\n".join(said))


def texts(folder: Path) -> list[tuple[str, str]]:
    """Every file below a folder, path and content; names of files count as content."""
    return [
        (str(path), f"{path}\n{path.read_bytes().decode('utf-8', 'replace')}")
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    ]


def canaries(district: str) -> list[str]:
    return [*CANARY[district].values(), SSN[district], f"{SSN[district][:3]}-{SSN[district][3:5]}-{SSN[district][5:]}"]


def test_the_canaries_sing(watched: Watched) -> None:
    """The search can find them: in the own outbox, and in the original bytes."""
    for district in (HERE, THERE):
        own = "".join(text for _, text in texts(watched.home.outbox_of(district)))
        assert all(CANARY[district][name] in own for name in ("last_name", "first_name", "local_student_id"))
        archived = "".join(text for _, text in texts(watched.home.archive))
        assert SSN[district] in archived
    assert any(receipt["ids"] and receipt["ids"]["near_match"] for receipt in receipts(watched.home).values())


@pytest.mark.parametrize("district", [HERE, THERE])
def test_no_other_outbox_knows_them(watched: Watched, district: str) -> None:
    for path, text in texts(watched.home.outbox_of(OTHER[district])):
        for canary in canaries(district):
            # One file of the other district lay in this one's folder: its receipt speaks of district codes alone.
            assert canary not in text, (path, canary)


@pytest.mark.parametrize("folder", ["reports", "logs", "journal", "published", "work", "models", "directory"])
def test_what_is_no_outbox_knows_nobody(watched: Watched, folder: str) -> None:
    for path, text in texts(watched.home.root / folder):
        for canary in [*canaries(HERE), *canaries(THERE), *NEIGHBOUR.values(), *BROKEN.values()]:
            assert canary not in text, (path, canary)


def test_nothing_said_names_anybody(watched: Watched) -> None:
    for canary in [*canaries(HERE), *canaries(THERE), *NEIGHBOUR.values(), *BROKEN.values()]:
        assert canary not in watched.said


def test_a_candidate_is_shown_without_its_local_id(watched: Watched) -> None:
    shown = "".join(text for _, text in texts(watched.home.outbox_of(THERE)))
    assert NEIGHBOUR["first_name"] in shown, "the question about the neighbour is in the worklist"
    assert NEIGHBOUR["local_student_id"] not in shown


def test_numbers_are_in_no_answer_not_even_in_the_own_one(watched: Watched) -> None:
    for district in (HERE, THERE):
        for path, text in texts(watched.home.root / "outbox"):
            assert SSN[district] not in text, path


def test_numbers_and_clear_names_of_numbers_are_in_no_table(watched: Watched) -> None:
    con = open_state(watched.home, read_only=True)
    try:
        tables = con.execute(
            "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = 'state'"
        ).fetchall()
        for schema, table in tables:
            found = con.execute(f'SELECT to_json(t)::VARCHAR FROM state."{schema}"."{table}" AS t').fetchall()
            text = "\n".join(row for (row,) in found)
            assert not [number for number in SSN.values() if number in text], table
    finally:
        con.close()


def test_what_lies_in_a_home_is_for_the_service_account(watched: Watched) -> None:
    private = ("work", "archive", "quarantine", "journal", "keys", "precode", "logs", "reports", "backup")
    open_to_others = subprocess.run(
        ["find", *(str(watched.home.root / name) for name in private), "-perm", "/o+rwx", "-maxdepth", "0"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert open_to_others == ""
    assert watched.home.database.stat().st_mode & 0o077 == 0
    assert all(path.stat().st_mode & 0o007 == 0 for path in watched.home.outbox.rglob("*") if path.is_file())


def test_a_crash_names_no_value(tmp_path: Path) -> None:
    """An error that no code expects: its text may quote a value, so neither log, terminal nor receipt may carry it."""
    home, clock = new_home(tmp_path), FixedClock(datetime(2025, 10, 6, 14, tzinfo=UTC))
    drop(home, HERE, "batch.txt", id_batch(HERE, [{**child(1), **CANARY[HERE]}]))

    def fail(*_: object) -> None:
        raise ValueError(f"cannot store {CANARY[HERE]['last_name']}")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("flows.storing.record_versions", fail)
        summary = run(home, clock)
    assert summary.files == {"rejected": 1}
    found = json.dumps(summary.to_json()) + "".join(
        text for folder in ("logs", "journal", "reports", "outbox") for _, text in texts(home.root / folder)
    )
    assert CANARY[HERE]["last_name"] not in found and "ValueError" in found
