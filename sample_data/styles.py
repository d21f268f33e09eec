"""Which habits each district's software has: format, encoding, letter case, number forms. The same every year."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from sample_data.directory import State
from sample_data.formats import Dialect
from sample_data.tables import stream, style_choices

# What a file must be like to be the plainest of all, or to be damaged in known places.
PLAIN_FILE = {
    "format": "comma", "encoding": "utf-8", "newline": "lf", "quoting": "needed", "column_order": "layout",
    "accents": "dropped", "header_case": "as_published", "teacher_name": "plain",
    "id_delimiter": "tab", "id_frame_separator": "tab", "id_fields": "18",
}  # fmt: skip
ACCENTED = "áéíóúñüÁÉÍÓÚÑÜ"
PLAIN = "aeiounuAEIOUNU"
NAMES = ("last_name", "first_name", "middle_name", "suffix", "guardian_last_name", "guardian_first_name")


@dataclass(frozen=True)
class Habits:
    """One text value per attribute of ``file_styles.csv`` and district row, and which district is the spotless one."""

    by_attribute: dict[str, list[str]]
    spotless: int
    damage: dict[int, str]

    def of(self, attribute: str, district: int) -> str:
        return self.by_attribute[attribute][district]

    def has(self, attribute: str, value: str, districts: np.ndarray) -> pl.Series:
        """For each district row whether its habit is that value."""
        habit = np.array(self.by_attribute[attribute]) == value
        return pl.Series(habit[districts])

    def damage_of(self, district: int) -> str:
        """What happens to the first extract of a district on its way: ``lines`` | ``cut`` | empty."""
        return self.damage.get(district, "")

    def dialect(self, district: int) -> Dialect:
        return Dialect(
            format=self.of("format", district),
            encoding=self.of("encoding", district),
            newline=self.of("newline", district),
            quoting=self.of("quoting", district),
            header_case=self.of("header_case", district),
        )


def draw_habits(seed: int, state: State) -> Habits:
    """Habits of every district; the spotless one writes plain comma files in UTF-8 without a byte order mark."""
    count = len(state.codes)
    habits = {
        attribute: choices.draw(stream(seed, "habit", attribute), count).to_list()
        for attribute, choices in style_choices().items()
    }
    spotless = state.spotless
    damage = _damaged_districts(count)
    for district in (spotless, *damage):
        for attribute, value in PLAIN_FILE.items():
            habits[attribute][district] = value
    return Habits(habits, spotless, damage)


def _damaged_districts(count: int) -> dict[int, str]:
    """Districts by place that lose lines or the end of an extract; never the spotless one."""
    roles = {4: "lines", 5: "cut"} if count > 5 else {0: "lines"} if count > 1 else {}
    return roles


def spell(rows: pl.DataFrame, habits: Habits) -> pl.DataFrame:
    """Names as the district's software writes them: capitals or not, accents or not."""
    districts = rows["district"].to_numpy()
    is_upper = habits.has("letter_case", "upper", districts)
    keeps = habits.has("accents", "kept", districts)

    def written(name: str) -> pl.Expr:
        plain = pl.col(name).str.replace_many(list(ACCENTED), list(PLAIN))
        spelled = pl.when(keeps).then(name).otherwise(plain)
        return pl.when(is_upper).then(spelled.str.to_uppercase()).otherwise(spelled).alias(name)

    return rows.with_columns(written(name) for name in NAMES)
