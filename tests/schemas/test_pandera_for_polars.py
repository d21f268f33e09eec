import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
OTHERS = ("pandas", "pyspark", "hypothesis")

CHECK = """
import sys
import polars as pl
from schemas.pandera_for_polars import SchemaErrors, pa
schema = pa.DataFrameSchema({"line_number": pa.Column(pl.UInt32, pa.Check.gt(1))})
try:
    schema.validate(pl.DataFrame({"line_number": [1, 2]}, schema={"line_number": pl.UInt32}), lazy=True)
except SchemaErrors as errors:
    print(errors.failure_cases["index"].to_list(), [name for name in %r if name in sys.modules])
"""


def test_a_frame_is_judged_without_the_libraries_of_other_frames() -> None:
    done = subprocess.run(
        [sys.executable, "-c", CHECK % (OTHERS,)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[0] []"


def test_the_other_libraries_can_still_be_loaded_afterwards() -> None:
    code = "import schemas.pandera_for_polars, hypothesis; print(hypothesis.__name__)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "hypothesis"
