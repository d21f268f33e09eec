"""One sample state for the tests that only look at it."""

from pathlib import Path

import polars as pl
import pytest

from sample_data.generate import SampleSummary, generate_sample
from tests.sample_data.reading import violations_of


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> SampleSummary:
    """A state as large as the demo's: every outcome of the pipeline has a file in it."""
    return generate_sample(tmp_path_factory.mktemp("sample") / "state", 3000, 12, 2007)


@pytest.fixture(scope="session")
def truth(sample: SampleSummary) -> Path:
    return sample.out / "truth"


@pytest.fixture(scope="session")
def violations(sample: SampleSummary) -> pl.DataFrame:
    """What the rule book finds in every ID batch and extract of the sample."""
    paths = sorted([*sample.out.glob("*/core/*/*"), *sample.out.glob("*/id/*/*")])
    return violations_of(paths, sample.out / "directory")
