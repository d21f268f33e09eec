"""Districts' own student numbers: unique in a district at a time, the same elsewhere, sometimes handed out again."""

import numpy as np
import polars as pl

from sample_data.directory import State
from sample_data.tables import Rng, rates, stream, style_choices


def add_tag(tag: str) -> pl.Expr:
    """``error_tags`` with one more tag."""
    tags = pl.col("error_tags")
    return pl.when(tags == "").then(pl.lit(tag)).otherwise(tags + ";" + tag)


def number_children(
    seed: int, state: State, rows: pl.DataFrame, year: int, earlier: pl.DataFrame | None
) -> pl.DataFrame:
    """Local IDs for those who have none: the district's next numbers, or a leaver's where software recycles."""
    rng = stream(seed, "local_id", year)
    districts = len(state.codes)
    style = style_choices()["local_id"].draw_positions(stream(seed, "local_id_style"), districts)
    base = stream(seed, "local_id_base").integers(1000, 60000, districts)
    new = rows.select(pl.col("local_student_id").is_null()).to_series().to_numpy()
    district = rows["district"].to_numpy()[new]
    used = np.zeros(districts, dtype=int) if earlier is None else _numbers_used(earlier, districts)
    number = base[district] + used[district] + _position_in_group(rng, district)
    local_id = _written(number, style[district], style_choices()["local_id"].values, year)
    numbered = rows["local_student_id"].scatter(np.flatnonzero(new), local_id)
    taken = _highest_used(rows, earlier)
    rows = rows.with_columns(local_student_id=numbered, id_block=taken)
    return _recycle(seed, rng, rows, year, new, earlier, districts)


def _numbers_used(earlier: pl.DataFrame, districts: int) -> np.ndarray:
    """How many numbers each district has given out so far."""
    counts = np.zeros(districts, dtype=int)
    given = earlier.group_by("district").agg(pl.col("id_block").max() + pl.len())
    counts[given["district"].to_numpy()] = given["id_block"].to_numpy()
    return counts


def _highest_used(rows: pl.DataFrame, earlier: pl.DataFrame | None) -> pl.Series:
    """An upper bound of what was given before, carried along so that no number is given twice."""
    if earlier is None:
        return pl.Series(np.zeros(rows.height, dtype=int))
    before = earlier.group_by("district").agg(bound=pl.col("id_block").max() + pl.len())
    return rows.join(before, on="district", how="left", maintain_order="left")["bound"].fill_null(0)


def _position_in_group(rng: Rng, district: np.ndarray) -> np.ndarray:
    """A number from 0 within each district, in shuffled order."""
    order = np.lexsort((rng.random(len(district)), district))
    ordered = district[order]
    starts = np.r_[0, np.flatnonzero(np.diff(ordered)) + 1] if len(ordered) else np.zeros(0, dtype=int)
    sizes = np.diff(np.r_[starts, len(ordered)])
    position = np.empty(len(district), dtype=int)
    position[order] = np.arange(len(district)) - np.repeat(starts, sizes)
    return position


def _written(number: np.ndarray, style: np.ndarray, styles: pl.Series, year: int) -> pl.Series:
    text = pl.Series(number).cast(pl.String)
    by_name = {
        "plain": text,
        "zero_padded": text.str.zfill(7),
        "prefixed": "S" + text.str.zfill(6),
        "year_prefixed": f"{year % 100:02d}" + text.str.zfill(6),
    }
    written = text
    for position, name in enumerate(styles):
        written = written.zip_with(~pl.Series(style == position), by_name[name])
    return written


def _recycle(
    seed: int, rng: Rng, rows: pl.DataFrame, year: int, new: np.ndarray, earlier: pl.DataFrame | None, districts: int
) -> pl.DataFrame:
    """New children of recycling districts get numbers of children who left."""
    if earlier is None:
        return rows
    recycles = stream(seed, "recycling").random(districts) < rates()["recycling_district"]
    leavers = earlier.join(rows, on=["person", "district"], how="anti", maintain_order="left")
    free = leavers.select("district", freed=pl.col("local_student_id")).with_columns(
        slot=pl.int_range(pl.len()).over("district")
    )
    takes = new & recycles[rows["district"].to_numpy()] & (rng.random(rows.height) < rates()["local_id_recycled"])
    takers = rows.select("district").with_row_index("row").filter(pl.Series(takes))
    takers = takers.with_columns(slot=pl.int_range(pl.len()).over("district"))
    given = takers.join(free, on=["district", "slot"], how="inner", maintain_order="left")
    picked = pl.Series(np.isin(np.arange(rows.height), given["row"].to_numpy()))
    return rows.with_columns(
        local_student_id=rows["local_student_id"].scatter(given["row"].to_numpy(), given["freed"]),
        error_tags=pl.when(picked).then(add_tag("recycled_local_id")).otherwise("error_tags"),
    )
