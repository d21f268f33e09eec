"""The guide for analysts: every query in it runs on a copy, and its answer has the columns the guide shows."""

import re
import shutil
from pathlib import Path

import duckdb
import pytest

from flows.certification import certify_many
from flows.extracts import copy_built_at, extract_analyst
from flows.run import run_inbox
from flows.session import open_session
from matching.student_ids import SystemIdSource
from outputs.analyst_copy.fields import analyst_fields
from outputs.analyst_copy.meanings import column_meanings
from schemas.clock import FixedClock
from schemas.dictionary import ID_BATCH, load_dictionary
from schemas.errors import Busy, KeyUnavailable
from schemas.home_setup import make_home
from schemas.lock import hold_lock
from schemas.paths import StateHome
from tests.conftest import OCTOBER_2024, drop

GUIDE = Path(__file__).parents[3] / "docs" / "analyst.md"
BLOCK = re.compile(r"```sql\n(.*?)```\n```text\n(.*?)\n", re.DOTALL)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, small_sample: Path) -> StateHome:
    """A state with October files of two years, certified where nothing stands against it."""
    home = make_home(tmp_path_factory.mktemp("guide") / "home", small_sample / "directory")
    clock = FixedClock(OCTOBER_2024)
    for year in ("2025", "2026"):
        drop(small_sample / year / "core", home.root)
        run_inbox(home, clock=clock, id_source=SystemIdSource(), settle=0)
        clock.advance(days=365)
    with open_session(home, clock) as session:
        for collection in ("2025Oct1.0StuCore", "2026Oct1.0StuCore"):
            certify_many(session, collection, [], all_ready=True, actor="operator")
    extract_analyst(home, clock=clock)
    return home


@pytest.mark.slow
def test_every_query_of_the_guide_runs_and_answers_as_shown(home: StateHome) -> None:
    blocks = BLOCK.findall(GUIDE.read_text("utf-8"))
    assert len(blocks) >= 12 and len(blocks) == GUIDE.read_text("utf-8").count("```sql\n")
    con = duckdb.connect(str(home.analyst_copy), read_only=True)
    for query, header in blocks:
        answer = con.execute(query)
        assert [column[0] for column in answer.description] == header.split(), query
        rows = answer.fetchall()
        # Twelve hundred children in four districts may leave nothing to list of what is rare.
        assert rows or "scope = 'state'" in query or "<>" in query, query


@pytest.mark.slow
def test_keys_and_lock(home: StateHome) -> None:
    clock = FixedClock(OCTOBER_2024)
    assert copy_built_at(home) is not None
    with hold_lock(home), pytest.raises(Busy):
        extract_analyst(home, clock=clock)
    key, kept = home.keys / "analyst_v1.key", home.root / "kept.key"
    shutil.move(key, kept)
    with pytest.raises(KeyUnavailable, match="missing"):
        extract_analyst(home, clock=clock)
    key.write_bytes(bytes(32))
    key.chmod(0o600)
    with pytest.raises(KeyUnavailable, match="not the key"):
        extract_analyst(home, clock=clock)
    key.unlink()
    shutil.move(kept, key)
    key.chmod(0o600)
    extract_analyst(home, clock=clock)


def test_guide_names_every_view_and_column() -> None:
    text = GUIDE.read_text("utf-8")
    for view, columns in column_meanings().items():
        row = next((line for line in text.splitlines() if line.startswith(f"| `{view}` |")), text)
        assert [name for name in columns if f"`{name}`" not in row and name] == [], view
    dictionary = load_dictionary()
    shown = [name for name in dictionary.layout_names if name != ID_BATCH and analyst_fields(dictionary, name)]
    assert [name for name in shown if f"`{name}`" not in text] == []
