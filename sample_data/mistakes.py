"""What goes wrong at a registrar's desk: one function a kind of mistake, rates from ``error_rates.csv``.

Each mistake is drawn per registration, changes its field and leaves its name in ``error_tags``.
"""

from collections.abc import Callable

import numpy as np
import polars as pl

from sample_data.tables import Rng, error_rates, nicknames, rates

PLACEHOLDERS = ("999999999", "123456789", "000000000", "111111111")
# Typing slips land on a neighbouring key.
NEIGHBOURS = {
    "a": "sq", "b": "vn", "c": "xv", "d": "sf", "e": "wr", "f": "dg", "g": "fh", "h": "gj", "i": "uo", "j": "hk",
    "k": "jl", "l": "k", "m": "n", "n": "bm", "o": "ip", "p": "o", "q": "w", "r": "et", "s": "ad", "t": "ry",
    "u": "yi", "v": "cb", "w": "qe", "x": "zc", "y": "tu", "z": "x",
}  # fmt: skip


def make_mistakes(rng: Rng, rows: pl.DataFrame) -> pl.DataFrame:
    """Registrations with their mistakes and the tags of those; ``ssn`` is left alone."""
    for step in (
        _compound_surnames,
        _nicknames,
        _middle_names,
        _suffixes,
        _surname_changed,
        _typos,
        _birth_dates,
        _gender_and_race,
        _swapped_names,
        _guardians,
    ):
        rows = step(rng, rows)
    return rows


def tag(rows: pl.DataFrame, picked: np.ndarray, name: str) -> pl.DataFrame:
    """Rows with a tag added at the picked positions."""
    tags = rows["error_tags"]
    old = tags.gather(picked)
    new = pl.select(pl.when(old == "").then(pl.lit(name)).otherwise(old + ";" + name)).to_series()
    return rows.with_columns(error_tags=tags.scatter(picked, new))


def _pick(rng: Rng, rows: pl.DataFrame, error: str, among: pl.Expr | None = None) -> np.ndarray:
    """Positions of the rows that make this mistake."""
    chosen = rng.random(rows.height) < error_rates()[error]
    if among is not None:
        chosen &= rows.select(among).to_series().fill_null(False).to_numpy()
    return np.flatnonzero(chosen)


def _set(rows: pl.DataFrame, picked: np.ndarray, name: str, **columns: pl.Series) -> pl.DataFrame:
    """Rows with new values at the picked positions, tagged."""
    if not len(picked):
        return rows
    changed = {column: rows[column].scatter(picked, values) for column, values in columns.items()}
    return tag(rows.with_columns(**changed), picked, name)


def _by_hand(rng: Rng, values: pl.Series, change: Callable[[Rng, str], str]) -> pl.Series:
    """Values changed one by one: only ever a few in a hundred rows."""
    return pl.Series([change(rng, value) for value in values.to_list()], dtype=pl.String)


def _compound_surnames(rng: Rng, rows: pl.DataFrame) -> pl.DataFrame:
    """GARCIA LOPEZ in the other ways registrars write it."""
    share = error_rates()
    picked = _pick(rng, rows, "compound_variant", pl.col("other_surname").is_not_null())
    kinds = ("first_only", "second_only", "hyphen", "in_middle", "joined", "reversed")
    bounds = np.cumsum([share[f"compound_{kind}"] for kind in kinds])
    kind = np.searchsorted(bounds, rng.random(len(picked)))
    for position, name in enumerate(kinds):
        at = picked[kind == position]
        part = rows[at]
        second = part["other_surname"]
        # The compound ends with a blank and the second surname.
        first = part.select(pl.col("last_name").str.strip_suffix(pl.col("other_surname")).str.strip_chars()).to_series()
        written = {
            "first_only": first,
            "second_only": second,
            "hyphen": first + "-" + second,
            "in_middle": second,
            "joined": first + second.str.to_lowercase(),
            "reversed": second + " " + first,
        }[name]
        columns = {"last_name": written} | ({"middle_name": first} if name == "in_middle" else {})
        rows = _set(rows, at, f"compound_{name}", **columns)
    return rows


def _nicknames(rng: Rng, rows: pl.DataFrame) -> pl.DataFrame:
    short = nicknames()
    picked = _pick(rng, rows, "nickname", pl.col("first_name").is_in(list(short)))
    names = _by_hand(rng, rows["first_name"].gather(picked), lambda r, name: str(r.choice(short[name])))
    return _set(rows, picked, "nickname", first_name=names)


def _middle_names(rng: Rng, rows: pl.DataFrame) -> pl.DataFrame:
    has = pl.col("middle_name").is_not_null()
    at = _pick(rng, rows, "middle_joined", has)
    joined = rows["first_name"].gather(at) + " " + rows["middle_name"].gather(at)
    nothing = pl.Series([None], dtype=pl.String).new_from_index(0, len(at))
    rows = _set(rows, at, "middle_joined", first_name=joined, middle_name=nothing)
    at = _pick(rng, rows, "middle_initial", has)
    rows = _set(rows, at, "middle_initial", middle_name=rows["middle_name"].gather(at).str.slice(0, 1))
    at = _pick(rng, rows, "middle_dropped", has)
    return _set(rows, at, "middle_dropped", middle_name=pl.Series([None], dtype=pl.String).new_from_index(0, len(at)))


def _suffixes(rng: Rng, rows: pl.DataFrame) -> pl.DataFrame:
    has = pl.col("suffix").is_not_null()
    at = _pick(rng, rows, "suffix_in_last_name", has)
    moved = rows["last_name"].gather(at) + " " + rows["suffix"].gather(at)
    rows = _set(rows, at, "suffix_in_last_name", last_name=moved, suffix=_nulls(len(at)))
    at = _pick(rng, rows, "suffix_dropped", has)
    return _set(rows, at, "suffix_dropped", suffix=_nulls(len(at)))


def _nulls(count: int) -> pl.Series:
    return pl.Series([None], dtype=pl.String).new_from_index(0, count)


def _surname_changed(rng: Rng, rows: pl.DataFrame) -> pl.DataFrame:
    at = _pick(rng, rows, "surname_changed", pl.col("guardian_last_name") != pl.col("last_name"))
    return _set(rows, at, "surname_changed", last_name=rows["guardian_last_name"].gather(at))


def _typos(rng: Rng, rows: pl.DataFrame) -> pl.DataFrame:
    for column in ("last_name", "first_name"):
        at = _pick(rng, rows, f"{column}_typo", pl.col(column).str.len_chars() >= 4)
        rows = _set(rows, at, f"{column}_typo", **{column: _by_hand(rng, rows[column].gather(at), type_wrongly)})
    return rows


def type_wrongly(rng: Rng, name: str) -> str:
    """A name with one slip: neighbours swapped, a letter dropped, doubled or replaced."""
    place = int(rng.integers(1, len(name) - 1))
    kind = int(rng.integers(0, 4))
    letter = name[place]
    if kind == 0 and name[place + 1] != letter:
        return name[:place] + name[place + 1] + letter + name[place + 2 :]
    if kind == 1:
        return name[:place] + name[place + 1 :]
    if kind == 2:
        return name[:place] + letter + name[place:]
    keys = NEIGHBOURS.get(letter.lower(), "e")
    return name[:place] + keys[int(rng.integers(0, len(keys)))] + name[place + 1 :]


def _birth_dates(rng: Rng, rows: pl.DataFrame) -> pl.DataFrame:
    day, month = pl.col("birth_date").dt.day(), pl.col("birth_date").dt.month()
    at = _pick(rng, rows, "birth_day_month_swapped", (day <= 12) & (day != month))
    swapped = pl.date(pl.col("birth_date").dt.year(), day, month)
    rows = _set_date(rows, at, "birth_day_month_swapped", swapped)
    at = _pick(rng, rows, "birth_digit")
    # Within the first 28 days of a month, so that a real date comes out.
    other_day = pl.when(day <= 9).then(day + 10).when(day <= 19).then(day - 9).otherwise(day - 10)
    rows = _set_date(rows, at, "birth_digit", pl.col("birth_date").dt.replace(day=other_day))
    at = _pick(rng, rows, "birth_year_off")
    later = pl.Series(rng.choice([-1, 1], len(at)))
    rows = _set_date(
        rows, at, "birth_year_off", pl.date(pl.col("birth_date").dt.year() + later, month, pl.min_horizontal(day, 28))
    )
    at = _pick(rng, rows, "birth_default", ~((day == 1) & (month == 1)))
    return _set_date(rows, at, "birth_default", pl.date(pl.col("birth_date").dt.year(), 1, 1))


def _set_date(rows: pl.DataFrame, at: np.ndarray, name: str, value: pl.Expr) -> pl.DataFrame:
    return _set(rows, at, name, birth_date=rows[at].select(value.alias("birth_date")).to_series()) if len(at) else rows


def _gender_and_race(rng: Rng, rows: pl.DataFrame) -> pl.DataFrame:
    at = _pick(rng, rows, "gender_wrong")
    rows = _set(rows, at, "gender_wrong", gender=rows["gender"].gather(at).replace({"M": "F", "F": "M"}))
    at = _pick(rng, rows, "race_differs")
    other = {"W": "M", "B": "M", "H": "W", "A": "M", "M": "W", "P": "A", "I": "W"}
    return _set(rows, at, "race_differs", race_ethnicity=rows["race_ethnicity"].gather(at).replace(other))


def _swapped_names(rng: Rng, rows: pl.DataFrame) -> pl.DataFrame:
    at = _pick(rng, rows, "names_swapped")
    return _set(
        rows, at, "names_swapped", first_name=rows["last_name"].gather(at), last_name=rows["first_name"].gather(at)
    )


def _guardians(rng: Rng, rows: pl.DataFrame) -> pl.DataFrame:
    at = _pick(rng, rows, "guardian_other_parent")
    rows = _set(rows, at, "guardian_other_parent", guardian_first_name=rows["other_parent"].gather(at))
    at = _pick(rng, rows, "guardian_missing")
    return _set(rows, at, "guardian_missing", guardian_first_name=_nulls(len(at)), guardian_last_name=_nulls(len(at)))


def register_ssn(rng: Rng, rows: pl.DataFrame) -> pl.DataFrame:
    """SSNs as written down: missing, one digit wrong, neighbours swapped, a sibling's, a placeholder, malformed."""
    held = pl.col("ssn").is_not_null()
    at = _pick(rng, rows, "ssn_of_sibling", held)
    sibling = rows["ssn"].gather(np.maximum(at - 1, 0))
    same = rows["family"].gather(np.maximum(at - 1, 0)) == rows["family"].gather(at)
    usable = (same & sibling.is_not_null()).to_numpy() & (at > 0)
    rows = _set(rows, at[usable], "ssn_of_sibling", ssn=sibling.filter(pl.Series(usable)))
    for name, change in (("ssn_digit", _one_digit), ("ssn_transposed", _transpose)):
        at = _pick(rng, rows, name, held)
        rows = _set(rows, at, name, ssn=_by_hand(rng, rows["ssn"].gather(at), change))
    at = _pick(rng, rows, "ssn_missing", held)
    rows = _set(rows, at, "ssn_missing", ssn=_nulls(len(at)))
    return _useless_ssns(rng, rows)


def _useless_ssns(rng: Rng, rows: pl.DataFrame) -> pl.DataFrame:
    share = rates()
    draw = rng.random(rows.height)
    at = np.flatnonzero(draw < share["ssn_placeholder"])
    rows = _set(rows, at, "ssn_placeholder", ssn=pl.Series(rng.choice(PLACEHOLDERS, len(at)).tolist(), dtype=pl.String))
    malformed = (draw >= share["ssn_placeholder"]) & (draw < share["ssn_placeholder"] + share["ssn_malformed"])
    at = np.flatnonzero(malformed & rows["ssn"].is_not_null().to_numpy())
    return _set(rows, at, "ssn_malformed", ssn=rows["ssn"].gather(at).str.slice(0, 8))


def _one_digit(rng: Rng, number: str) -> str:
    place = int(rng.integers(0, 9))
    digit = (int(number[place]) + int(rng.integers(1, 10))) % 10
    return f"{number[:place]}{digit}{number[place + 1 :]}"


def _transpose(rng: Rng, number: str) -> str:
    place = int(rng.integers(0, 8))
    return number[:place] + number[place + 1] + number[place] + number[place + 2 :]
