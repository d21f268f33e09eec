"""``mosis init``: what a new home holds, and what is left alone."""

import tomllib
from pathlib import Path

import pytest

from schemas.database import open_state
from schemas.errors import DictionaryError, UsageError
from schemas.home_setup import make_home, settings_text
from schemas.key_files import read_ssn_keys
from schemas.paths import FOLDERS, PRIVATE_FOLDERS, Settings, StateHome

DISTRICTS = (
    "district_code,name,county,kind,opened_year,closed_year\n"
    "001090,Adair R-I,Adair,district,1950,\n001091,Kirksville,Adair,district,1950,\n"
)
SCHOOLS = (
    "district_code,school_code,name,low_grade,high_grade,opened_year,closed_year\n001090,1050,Adair High,09,12,1950,\n"
)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    folder = tmp_path / "directory"
    folder.mkdir()
    (folder / "districts.csv").write_text(DISTRICTS)
    (folder / "schools.csv").write_text(SCHOOLS)
    return folder


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_a_new_home_is_whole(tmp_path: Path, directory: Path) -> None:
    home = make_home(tmp_path / "a" / "home", directory)
    assert StateHome.open(home.root) == home
    assert {name: mode(home.root / name) for name in FOLDERS} == {
        name: 0o700 if name in PRIVATE_FOLDERS else 0o755 for name in FOLDERS
    }
    for parent in (home.inbox, home.outbox):
        assert sorted(path.name for path in parent.iterdir()) == ["001090", "001091"]
    assert (home.directory / "districts.csv").read_text() == DISTRICTS
    assert (home.directory / "schools.csv").read_text() == SCHOOLS
    assert list(read_ssn_keys(home.keys)) == [1]
    assert mode(home.database) == 0o600


def test_its_database_is_ready(tmp_path: Path, directory: Path) -> None:
    con = open_state(make_home(tmp_path / "home", directory))
    tables = {
        row[0]
        for row in con.execute("SELECT table_schema || '.' || table_name FROM information_schema.tables").fetchall()
    }
    con.close()
    assert {
        "intake.submission",
        "identity.student",
        "collection.student_core",
        "collection.assessment_precode",
    } <= tables
    assert "collection.id_batch" not in tables


def test_its_settings_are_the_defaults_in_comments(tmp_path: Path, directory: Path) -> None:
    home = make_home(tmp_path / "home", directory)
    text = home.settings_file.read_text()
    assert tomllib.loads(text) == {}
    assert home.settings == Settings.model_validate({})


def test_every_setting_can_be_taken_out_of_its_comment() -> None:
    lines = [line.removeprefix("# ") for line in settings_text().splitlines() if " = " in line]
    values = tomllib.loads("\n".join(lines))
    assert set(values) == set(Settings.model_fields)
    Settings(**values)


def test_an_existing_home_is_refused_and_left_as_it_was(tmp_path: Path, directory: Path) -> None:
    home = make_home(tmp_path / "home", directory)
    key = read_ssn_keys(home.keys)
    with pytest.raises(UsageError, match="is a state home already") as caught:
        make_home(home.root, directory)
    assert caught.value.exit_code == 2
    assert read_ssn_keys(home.keys) == key


def test_a_folder_with_other_things_is_refused(tmp_path: Path, directory: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "thesis.txt").write_text("x")
    with pytest.raises(UsageError, match=r"holds other things \(thesis\.txt\)"):
        make_home(tmp_path / "home", directory)
    (tmp_path / "file").write_text("x")
    with pytest.raises(UsageError, match="is not a folder"):
        make_home(tmp_path / "file", directory)


def test_an_empty_folder_will_do(tmp_path: Path, directory: Path) -> None:
    (tmp_path / "home").mkdir()
    make_home(tmp_path / "home", directory)


def test_an_interrupted_init_can_be_run_again_and_keeps_its_key(tmp_path: Path, directory: Path) -> None:
    home = make_home(tmp_path / "home", directory)
    key = read_ssn_keys(home.keys)
    home.settings_file.unlink()
    assert read_ssn_keys(make_home(home.root, directory).keys) == key


@pytest.mark.parametrize("name", ["districts.csv", "schools.csv"])
def test_a_bad_directory_makes_no_home(tmp_path: Path, directory: Path, name: str) -> None:
    (directory / name).write_text("nonsense\n1\n")
    with pytest.raises(DictionaryError):
        make_home(tmp_path / "home", directory)
    assert not (tmp_path / "home").exists()
