"""The first page of an outbox and its folder of latest answers: right after every change, and not written without one."""

import html
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import unquote

import duckdb
import pytest

from outputs.outbox_index import refresh_outboxes
from outputs.outbox_index.refresh import STAMP
from schemas.dictionary import Dictionary
from schemas.directory import Directory
from schemas.paths import StateHome
from tests.outputs.conftest import OCTOBER, RECEIVED

ME, OTHER = "048078", "010004"
STEPS = ["Open violations.html: it says what to fix first."]


@dataclass
class Desk:
    """A home with two files' answers and the database that knows of them."""

    con: duckdb.DuckDBPyConnection
    home: StateHome
    dictionary: Dictionary
    directory: Directory

    def send(self, number: int, *, status: str = "trial", version: str | None = OCTOBER, district: str = ME, errors: int = 0,
             school: str | None = None, at: datetime | None = None, steps: Sequence[str] = STEPS) -> str:  # fmt: skip
        """A file with its answer: row, folder, receipt and page."""
        name = f"S{number}-{district}"
        self.con.execute(
            "INSERT INTO intake.submission BY NAME SELECT ? AS submission_id, ? AS district_code, ? AS school_code, "
            "'student_core' AS layout, ? AS collection_version, 2026 AS school_year, 'Oct' AS cycle, ? AS file_name, "
            "'0' AS sha256, 'c' AS claim_path, 1203 AS record_count, ? AS status, 'accepted' AS outcome, ? AS error_count, "
            "0 AS warning_count, 0 AS near_match_count, ?::TIMESTAMPTZ AS received_at, 'r' AS run_id, 'd' AS dictionary_version, "
            "'b' AS rule_book_version",
            [
                name,
                district,
                school,
                version,
                f"file{number}.csv",
                status,
                errors,
                at or RECEIVED + timedelta(hours=number),
            ],
        )
        folder = self.home.outbox_of(district) / name
        folder.mkdir(parents=True)
        (folder / "receipt.json").write_text(json.dumps({"message": f"Message {number}.", "next_steps": list(steps)}))
        (folder / "receipt.txt").write_text("receipt")
        (folder / "violations.html").write_text(f"page {number}")
        return name

    def set(self, name: str, **values: object) -> None:
        for column, value in values.items():
            self.con.execute(f"UPDATE intake.submission SET {column} = ? WHERE submission_id = ?", [value, name])

    def refresh(self, touched: Sequence[str] = ()) -> list[str]:
        return refresh_outboxes(self.con, self.home, self.dictionary, self.directory, RECEIVED, touched=touched)

    def page(self, district: str = ME, name: str = "index.html") -> str:
        return (self.home.outbox_of(district) / name).read_text("utf-8")

    def words(self, district: str = ME) -> str:
        body = re.sub(r"<(style|script).*?</\1>", "", self.page(district), flags=re.DOTALL)
        return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", body)))

    def latest(self, name: str) -> str:
        return (self.home.outbox_of(ME) / "latest" / name / "violations.html").read_text("utf-8")


@pytest.fixture
def desk(tmp_path: Path, con: duckdb.DuckDBPyConnection, dictionary: Dictionary, directory: Directory) -> Desk:
    home = StateHome(tmp_path / "home")
    home.reports.mkdir(parents=True)
    home.outbox.mkdir()
    return Desk(con, home, dictionary, directory)


def test_every_district_has_a_page_from_the_start(desk: Desk) -> None:
    assert sorted(desk.refresh()) == sorted(desk.directory.district_codes)
    assert "Nothing was received yet" in desk.words() and "October Student Core" in desk.words()
    assert desk.refresh() == []


def test_only_districts_of_which_something_changed_are_written(desk: Desk) -> None:
    desk.refresh()
    name = desk.send(1, errors=214)
    assert desk.refresh() == [ME]
    assert "One file needs you" in desk.words() and "214 errors to correct" in desk.words() and STEPS[0] in desk.words()
    desk.set(name, status="certified", certified_at=RECEIVED, error_count=0)
    assert desk.refresh() == [ME]
    assert "files need you" not in desk.words() and "Certified Oct 6, 2025" in desk.words()


def test_a_page_that_is_gone_or_a_folder_that_is_new_brings_the_page_back(desk: Desk) -> None:
    desk.refresh()
    (desk.home.outbox_of(ME) / "index.html").unlink()
    assert desk.refresh() == [ME]
    day = desk.home.outbox_of(OTHER) / "state_level" / "2025-10-06"
    day.mkdir(parents=True)
    (day / "state_level.html").write_text("page")
    assert desk.refresh() == [OTHER]
    assert 'id="state-level"' in desk.page(OTHER) and "state_level/2025-10-06/state_level.html" in desk.page(OTHER)


def test_a_crash_before_the_stamp_is_made_good_by_the_next_run(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.refresh()
    desk.send(1, errors=3)

    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr("outputs.outbox_index.write.index_html", die)
        with pytest.raises(KeyboardInterrupt):
            desk.refresh()
    assert desk.refresh() == [ME]
    assert "3 errors to correct" in desk.words()


def test_a_spoiled_stamp_writes_every_page_anew(desk: Desk) -> None:
    desk.refresh()
    (desk.home.reports / STAMP).write_text("[not json")
    assert len(desk.refresh()) == len(desk.directory.district_codes)


def test_a_receipt_written_again_can_be_named(desk: Desk) -> None:
    name = desk.send(1, errors=1)
    desk.refresh()
    (desk.home.outbox_of(ME) / name / "receipt.json").write_text(
        json.dumps({"message": "Other.", "next_steps": ["New."]})
    )
    assert desk.refresh() == [] and desk.refresh(touched=[ME]) == [ME]
    assert "Other." in desk.words()


def test_latest_holds_the_file_that_stands(desk: Desk) -> None:
    first = desk.send(1)
    desk.refresh()
    assert desk.latest(OCTOBER) == "page 1"
    desk.send(2)
    desk.set(first, status="superseded")
    desk.refresh()
    assert desk.latest(OCTOBER) == "page 2"
    desk.send(3, status="rejected")
    desk.refresh()
    assert desk.latest(OCTOBER) == "page 2" and "Not taken" in desk.words()


def test_latest_follows_a_page_written_again(desk: Desk) -> None:
    name = desk.send(1)
    desk.refresh()
    path = desk.home.outbox_of(ME) / name / "violations.html"
    path.with_suffix(".new").write_text("page 1 anew")
    path.with_suffix(".new").replace(path)
    desk.refresh(touched=[ME])
    assert desk.latest(OCTOBER) == "page 1 anew"


def test_buildings_that_send_their_own_files_stand_beside_each_other(desk: Desk) -> None:
    desk.send(1, school="1050")
    desk.send(2, school="4020")
    desk.refresh()
    assert (desk.latest(f"{OCTOBER}-1050"), desk.latest(f"{OCTOBER}-4020")) == ("page 1", "page 2")
    assert "4020 Lincoln Elementary" in desk.words()


def test_collection_that_stands_no_more_leaves_latest(desk: Desk) -> None:
    name = desk.send(1)
    desk.refresh()
    desk.set(name, status="superseded")
    desk.refresh()
    assert not (desk.home.outbox_of(ME) / "latest" / OCTOBER).exists()


def test_every_link_leads_to_a_file(desk: Desk) -> None:
    desk.send(1, status="superseded")
    desk.send(2, errors=2)
    desk.send(3, version="id_batch", status="answered")
    desk.send(4, version=None, status="quarantined")
    desk.refresh()
    outbox = desk.home.outbox_of(ME)
    for page in (outbox / "index.html", outbox / "latest" / "index.html"):
        links = re.findall(r'href="([^"#][^"]*)"', page.read_text("utf-8"))
        files = [unquote(html.unescape(link)).partition("#")[0] for link in links if not link.startswith("data:")]
        assert len(files) > 3 and [each for each in files if not (page.parent / each).is_file()] == []


def test_newest_first_and_earlier_years_folded(desk: Desk) -> None:
    for number in range(1, 4):
        desk.send(number, status="superseded")
    old = desk.send(9, at=RECEIVED - timedelta(days=400), status="certified", version="2025Oct1.0StuCore")
    desk.set(old, school_year=2025)
    desk.refresh()
    words = desk.words()
    assert words.index("file3.csv") < words.index("file2.csv") < words.index("file1.csv") < words.index("file9.csv")
    assert "School year 2024-25: 1 file" in words


def test_an_extension_moves_the_deadline_of_one_district(desk: Desk) -> None:
    desk.send(1)
    desk.send(2, district=OTHER)
    desk.refresh()
    assert "Wednesday, October 15, 2025" in desk.words()
    desk.con.execute(
        "INSERT INTO intake.cycle BY NAME SELECT ? AS collection_version, ? AS district_code, 'extend' AS action, "
        "DATE '2025-10-22' AS until, 'a' AS actor, 'r' AS reason, ?::TIMESTAMPTZ AS \"at\"",
        [OCTOBER, ME, RECEIVED],
    )
    assert desk.refresh() == [ME]
    assert "Wednesday, October 22, 2025" in desk.words() and "October 15, 2025" in desk.words(OTHER)


def test_names_of_files_never_become_markup(desk: Desk) -> None:
    name = desk.send(1)
    desk.set(name, file_name="<b>x</b>&.csv")
    desk.refresh()
    assert "<b>x</b>" not in desk.page()


def test_collections_that_are_overdue_are_not_passed_over_in_silence(desk: Desk) -> None:
    desk.send(1, status="certified")
    desk.refresh()
    assert "2 collections of this school year are past the due date without a file from you" in desk.words()
    assert "Nothing waits for you" not in desk.words()


def test_an_id_batch_with_errors_is_not_called_answered(desk: Desk) -> None:
    desk.send(1, version="id_batch", status="answered", errors=1)
    desk.refresh()
    assert "1 error to correct" in desk.words()


def test_answers_and_forms_are_listed_but_wait_for_nobody(desk: Desk) -> None:
    desk.send(1, version="violation_response", status="answered")
    desk.refresh()
    assert "Every file you sent has its answer" in desk.words() and "file1.csv" in desk.words()
    assert not (desk.home.outbox_of(ME) / "latest" / "violation_response").exists()
