"""pandera, loaded for polars frames alone: the only module that imports it, so that nobody loads it any other way.

pandera loads the libraries of every kind of frame that happens to be installed. With pandas, Spark and hypothesis in the
environment that is a second of processor time, which no other step of a small run takes.
"""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.machinery import ModuleSpec
from types import ModuleType

import polars as pl

_OTHERS = frozenset({"pandas", "pyspark", "hypothesis"})


class _Absent:
    """An import finder to which these libraries are not installed; one that is loaded already is left alone."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        library = name.partition(".")[0]
        if library in _OTHERS:
            raise ModuleNotFoundError(f"No module named '{library}'", name=library)
        return None


@contextmanager
def _without_other_frames() -> Iterator[None]:
    absent = _Absent()
    sys.meta_path.insert(0, absent)
    try:
        yield
    finally:
        sys.meta_path.remove(absent)


with _without_other_frames():
    import pandera.polars as pa
    from pandera.api.polars.types import PolarsData
    from pandera.errors import SchemaErrors

    # The first check ever made loads the rest.
    pa.DataFrameSchema({"number": pa.Column(pl.Int64, pa.Check.gt(0))}).validate(pl.DataFrame({"number": [1]}))

__all__ = ["PolarsData", "SchemaErrors", "pa"]
