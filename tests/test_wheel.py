"""The wheel carries everything: installed apart from the source tree it shows the dictionary and checks a file."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SHOW = "from flows.dictionary_desk import show_dictionary; print(show_dictionary(None, None, None, as_json=False))"


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_an_installed_wheel_works_without_the_source_tree(tmp_path: Path, small_sample: Path) -> None:
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run(
        [*pip, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(tmp_path / "dist"), str(ROOT)],
        check=True,
    )
    wheel = next((tmp_path / "dist").glob("mosis-*.whl"))
    installed = tmp_path / "installed"
    subprocess.run([*pip, "install", "--no-deps", "--target", str(installed), str(wheel)], check=True)
    environment = {**os.environ, "PYTHONPATH": str(installed)}

    def run(code: str) -> str:
        command = [sys.executable, "-c", code]
        return subprocess.run(
            command, env=environment, cwd=tmp_path, stdout=subprocess.PIPE, text=True, check=True
        ).stdout

    assert str(installed) in run("import schemas; print(schemas.__file__)")
    assert "2026Oct1.0StuCore" in run(SHOW)
    assert "synthetic" in run("from matching.model import load_model; print(load_model().version)")
    run(f"""
from pathlib import Path
from flows.check import check_file
from sample_data.generate import generate_sample
from schemas.home_setup import make_home
generate_sample(Path({str(tmp_path / "state")!r}), 40, 2, 1)
make_home(Path({str(tmp_path / "home")!r}), Path({str(tmp_path / "state" / "directory")!r}))
for path in sorted(Path({str(tmp_path / "state")!r}).glob("2025/core/*/*")):
    check_file(path, directory=None, report_folder=Path({str(tmp_path / "findings")!r}))
""")
    assert (tmp_path / "findings" / "violations.html").is_file()
