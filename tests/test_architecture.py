"""The house rules a reader relies on: who may import whom, what the command line may load, where libraries may appear."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MAY_IMPORT = {
    "schemas": {"schemas"},
    "matching": {"matching", "schemas"},
    "outputs": {"outputs", "schemas"},
    "sample_data": {"sample_data", "schemas"},
    "flows": {"flows", "outputs", "matching", "schemas", "sample_data"},
}
# A library that has one home, so that the rest can be read without knowing it.
HOME_OF = {"prefect": "flows", "splink": "matching", "pandera": "schemas", "jinja2": "outputs"}
SOURCES = [path for folder in MAY_IMPORT for path in sorted((ROOT / folder).rglob("*.py"))]


def imported_modules(path: Path) -> set[str]:
    modules: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            modules.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            modules.add(node.module)
    return modules


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_point_one_way(path: Path) -> None:
    folder = path.relative_to(ROOT).parts[0]
    tops = {module.split(".")[0] for module in imported_modules(path)}
    assert tops & MAY_IMPORT.keys() <= MAY_IMPORT[folder]
    assert {library for library, home in HOME_OF.items() if library in tops and home != folder} == set()


def test_prefect_is_imported_in_one_module_only() -> None:
    users = {path.name for path in SOURCES if any(m.split(".")[0] == "prefect" for m in imported_modules(path))}
    assert users <= {"deployments.py"}


def test_audit_shares_no_code_with_engine() -> None:
    for path in sorted((ROOT / "outputs/publish/audit").rglob("*.py")):
        assert not any("publish.engine" in module for module in imported_modules(path)), path


def test_no_module_is_called_utils() -> None:
    assert not [path for path in SOURCES if "util" in path.stem]


def test_command_line_loads_neither_prefect_nor_splink() -> None:
    code = (
        "import sys, flows.cli.app\nprint([name for name in ('prefect', 'splink', 'pandera') if name in sys.modules])"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"
