"""Names drawn by group: frequent ones from lists, the long tail from parts (no list of ours is long enough for it)."""

from collections.abc import Callable
from functools import partial

import numpy as np
import polars as pl

from sample_data.tables import Rng, Weighted, first_names, name_parts, rates, surnames

# Share of children whose first name comes from the list of their group; the others take the general one.
FIRST_NAME_GROUPS = {"H": ("hispanic", 0.62), "B": ("black", 0.42), "A": ("asian", 0.45)}
SURNAME_GROUPS = {"H": ("hispanic", 0.88), "B": ("black", 0.20), "A": ("asian", 0.85)}


def family_surnames(rng: Rng, race: np.ndarray) -> pl.Series:
    """A surname for each family of these races."""
    return _by_group(rng, race, SURNAME_GROUPS, surnames, _general_surnames)


def _general_surnames(rng: Rng, count: int) -> pl.Series:
    listed = surnames("general").draw(rng, count)
    tail = pl.Series(rng.random(count) < rates()["surname_tail"])
    german = pl.Series(rng.random(count) < 0.55)
    built = _choose(german, _joined(rng, count, "surname", "german"), _joined(rng, count, "surname", "english"))
    return _choose(tail, built, listed)


def child_first_names(
    rng: Rng, race: np.ndarray, gender: np.ndarray, twin: np.ndarray, family: np.ndarray
) -> pl.Series:
    """First names; twins and sisters and brothers differ, and some twins share their first letter.

    Children of one family stand together, the first twin before the second.
    """
    names = _by_gender(rng, race, gender)
    for _ in range(4):
        clash = np.flatnonzero(_same_in_family(names, family).to_numpy())
        if not len(clash):
            break
        names = names.scatter(clash, _by_gender(rng, race[clash], gender[clash]))
    return _alliterate(rng, names, gender, twin)


def _same_in_family(names: pl.Series, family: np.ndarray) -> pl.Series:
    pairs = pl.DataFrame({"family": family, "name": names})
    return pairs.select(~pl.struct("family", "name").is_first_distinct()).to_series()


def _alliterate(rng: Rng, names: pl.Series, gender: np.ndarray, twin: np.ndarray) -> pl.Series:
    """Second twins of some sets take another name with the letter of the first."""
    second = np.flatnonzero((twin > 0) & (np.roll(twin, 1) == twin) & (np.arange(len(twin)) > 0))
    second = second[rng.random(len(second)) < rates()["twins_alliterative"]]
    by_letter = {
        (sex, letter): [name for name in first_names(sex).values if name[0] == letter]
        for sex in "FM"
        for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    }
    renamed = []
    for row, pick in zip(second.tolist(), rng.random(len(second)), strict=True):
        first = names[row - 1]
        choices = [name for name in by_letter[gender[row], first[0]] if name != first] or [names[row]]
        renamed.append(choices[int(pick * len(choices))])
    return names.scatter(second, renamed) if renamed else names


def middle_names(rng: Rng, race: np.ndarray, gender: np.ndarray) -> pl.Series:
    """Middle names, null where a child has none."""
    names = _by_gender(rng, race, gender)
    share = rates()
    draw = pl.Series("draw", rng.random(len(race)))
    initial = names.str.slice(0, 1)
    none, short = share["no_middle_name"], share["middle_name_is_initial_at_birth"]
    return pl.select(
        pl.when(draw < none).then(None).when(draw < none + short).then(initial).otherwise(names)
    ).to_series()


def guardian_first_names(rng: Rng, count: int) -> pl.Series:
    """First names of parents: two thirds are mothers."""
    mothers = first_names("F", generation="adult").draw(rng, count)
    fathers = first_names("M", generation="adult").draw(rng, count)
    return _choose(pl.Series(rng.random(count) < 0.66), mothers, fathers)


def _by_gender(rng: Rng, race: np.ndarray, gender: np.ndarray) -> pl.Series:
    names = pl.Series([None], dtype=pl.String).new_from_index(0, len(race))
    for sex in ("M", "F"):
        rows = np.flatnonzero(gender == sex)
        drawn = _by_group(rng, race[rows], FIRST_NAME_GROUPS, partial(first_names, sex), _general_first(sex))
        names = names.scatter(rows, drawn)
    return names


def _general_first(gender: str) -> Callable[[Rng, int], pl.Series]:
    def draw(rng: Rng, count: int) -> pl.Series:
        listed = first_names(gender).draw(rng, count)
        tail = pl.Series(rng.random(count) < rates()["first_name_tail"])
        return _choose(tail, _joined(rng, count, "first", "modern", gender), listed)

    return draw


def _joined(rng: Rng, count: int, kind: str, style: str, gender: str = "") -> pl.Series:
    start, end = name_parts(kind, style, "start"), name_parts(kind, style, "end", gender)
    left = start.gather(rng.integers(0, len(start), count))
    # Squared: some endings are far more common than others.
    right = end.gather((rng.random(count) ** 2 * len(end)).astype(int))
    return left + right


def _by_group(
    rng: Rng,
    race: np.ndarray,
    groups: dict[str, tuple[str, float]],
    table: Callable[[str], Weighted],
    general: Callable[[Rng, int], pl.Series],
) -> pl.Series:
    """Names from the list of the race's group for its share of rows, general ones for the others."""
    names = general(rng, len(race))
    share = rng.random(len(race))
    for code, (group, part) in groups.items():
        rows = np.flatnonzero((race == code) & (share < part))
        names = names.scatter(rows, table(group).draw(rng, len(rows)))
    return names


def _choose(condition: pl.Series, yes: pl.Series, no: pl.Series) -> pl.Series:
    return no.zip_with(~condition, yes)
