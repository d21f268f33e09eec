"""The cells of one population as one system: every parent minus its children is zero.

All tables of a population stand in the system together, so a total that three tables share is one variable with one
status. A relation is a parent and the children that add up to it: across an axis (a school's grades make the school's
total) and down the geography (a district's schools make the district), for every category.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import csr_array

from schemas.errors import MosisError

TOTAL = "ALL"
GEOGRAPHY = "geography"

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


class CellsDisagree(MosisError):
    """Counts that do not add up, or a total without its parts: the cells were not made in one aggregation."""


@dataclass(frozen=True)
class CellSystem:
    """Counts and relations.

    Args:
        counts: n, one count a cell.
        parent: m, the parent cell of each relation.
        child: links, a child cell each, ordered by relation.
        relation: links, the relation each child stands in.
        is_geographic: m, true where the children are places, false where they are the categories of one axis.
    """

    counts: Ints
    parent: Ints
    child: Ints
    relation: Ints
    is_geographic: Bools

    @cached_property
    def matrix(self) -> csr_array:
        """m x n: +1 at a relation's parent, -1 at its children."""
        rows = np.concatenate([np.arange(len(self.parent)), self.relation])
        columns = np.concatenate([self.parent, self.child])
        values = np.concatenate([np.ones(len(self.parent)), -np.ones(len(self.child))])
        return csr_array((values, (rows, columns)), shape=(len(self.parent), len(self.counts)))

    @cached_property
    def children_of(self) -> list[list[int]]:
        """The children of each relation."""
        bounds = np.searchsorted(self.relation, np.arange(1, len(self.parent)))
        return [part.tolist() for part in np.split(self.child, bounds)]

    @cached_property
    def relations_of(self) -> list[list[int]]:
        """The relations of each cell, whether it is the parent or a child there."""
        found: list[list[int]] = [[] for _ in range(len(self.counts))]
        for number, parent in enumerate(self.parent.tolist()):
            found[parent].append(number)
        for number, child in zip(self.relation.tolist(), self.child.tolist(), strict=True):
            found[child].append(number)
        return found


def build_system(cells: pl.DataFrame) -> CellSystem:
    """The system of one population.

    Args:
        cells: district_code, school_code, axis, category, student_count; one row a cell, the shared totals once with
            axis ``ALL`` and category ``ALL``.

    Raises:
        CellsDisagree: a part without its total, or a total that is not the sum of its parts.
    """
    numbered = cells.with_row_index("cell")
    links = pl.concat([_axis_links(numbered), _geography_links(numbered)])
    if links["parent"].null_count():
        raise CellsDisagree(f"{links['parent'].null_count()} cells have no total above them. Aggregate again.")
    links = links.sort("parent", "by", "child").with_columns(pl.struct("parent", "by").rle_id().alias("relation"))
    firsts = links.unique("relation", keep="first").sort("relation")
    system = CellSystem(
        counts=cells["student_count"].to_numpy().astype(np.int64),
        parent=firsts["parent"].to_numpy().astype(np.int64),
        child=links["child"].to_numpy().astype(np.int64),
        relation=links["relation"].to_numpy().astype(np.int64),
        is_geographic=(firsts["by"] == GEOGRAPHY).to_numpy(),
    )
    wrong = np.count_nonzero(system.matrix @ system.counts)
    if wrong:
        raise CellsDisagree(f"{wrong} totals are not the sum of their parts. Aggregate again.")
    return system


def _axis_links(numbered: pl.DataFrame) -> pl.DataFrame:
    """Each category under the total of its place."""
    totals = numbered.filter(pl.col("axis") == TOTAL).select("district_code", "school_code", parent="cell")
    parts = numbered.filter(pl.col("axis") != TOTAL)
    joined = parts.join(totals, on=["district_code", "school_code"], how="left")
    return joined.select("parent", by="axis", child="cell")


def _geography_links(numbered: pl.DataFrame) -> pl.DataFrame:
    """Each school under its district, each district under the state, category by category."""
    is_school = pl.col("school_code") != TOTAL
    parts = numbered.filter(pl.col("district_code") != TOTAL).with_columns(
        pl.when(is_school).then("district_code").otherwise(pl.lit(TOTAL)).alias("district_code"),
        pl.lit(TOTAL).alias("school_code"),
    )
    keys = ["district_code", "school_code", "axis", "category"]
    joined = parts.join(numbered.select(*keys, parent="cell"), on=keys, how="left")
    return joined.select("parent", by=pl.lit(GEOGRAPHY), child="cell")
