"""Why a candidate is shown: one plain sentence, and what each field weighs, from the levels that a pair of records fell into."""

import json
from datetime import date
from typing import Any

from matching.comparisons import BY_NAME, COMPARISONS, Comparison

# Fields in the order in which a person compares two children; race is no help to a school office.
_TOLD = ("last_name", "first_name", "middle_name", "suffix", "birth_date", "gender", "guardian", "ssn", "place")
_SAME_WORDS = {
    "last_name": "last name", "first_name": "first name", "middle_name": "middle name", "birth_date": "birth date",
    "gender": "gender", "guardian": "guardian", "ssn": "Social Security number", "place": "local ID",
}  # fmt: skip
_AGREEING = {"SAME", "SAME_LOCAL_ID"}
_SHOWN_VALUES = {"last_name", "first_name", "middle_name", "suffix", "birth_date", "gender"}
# Levels that two fields share: told once, and with both names.
_WHOLE_NAME = {"SWAPPED"}
_ENDINGS = {
    "TWINS_OR_SIBLINGS": "could be one child, or twins or siblings",
    "TWO_LOCAL_IDS": "could be one child entered twice, or two children",
    "SUPPLIED_ID_DISAGREES": "this is the child of the state ID that was sent",
    "SEVERAL_CANDIDATES": "another child fits about as well",
    "SUPPLIED_ID_UNKNOWN_SEVERAL": "the state ID that was sent was never given; both could be one child",
    "BIRTH_DATES_DISAGREE": "one of the dates may be wrong, or these are two children",
    "SUFFIX_CONFLICT": "could be one child, or two of one family with one name",
    "SSN_CONFLICT": "one of the Social Security numbers may be wrong, or these are two children",
}
_ENDING = "both could be one child"


def explain(pair: dict[str, Any], reason: str) -> str:
    """Why a candidate is shown, as a school secretary would say it.

    Args:
        pair: ``gamma_<field>`` for each comparison (null where nothing was compared), the request's values under their
            names, the candidate's under ``candidate_<name>``.
        reason: of the question, for this candidate.
    """
    levels = {name: level for name in _TOLD if (level := _level(BY_NAME[name], pair)) not in (None, "MISSING")}
    same = [_SAME_WORDS.get(name, name) for name, level in levels.items() if level in _AGREEING]
    differing = [_difference(name, pair) for name, level in levels.items() if level not in _AGREEING]
    parts = [f"same {_enumerate(same)}"] if same else []
    parts += [part for part in dict.fromkeys(differing) if part]
    parts.append(_ENDINGS.get(reason, _ENDING))
    sentence = "; ".join(parts)
    return sentence[0].upper() + sentence[1:]


def evidence_json(pair: dict[str, Any]) -> str | None:
    """``{field: [level, bits]}`` of a scored pair as JSON, in the order of the comparisons; null where none was scored.

    ``circumstances`` holds the bits that no field has: how many children the state has, and where the child was enrolled.
    """
    found: dict[str, tuple[str, float]] = {
        each.name: (level, round(float(pair.get(f"mw_{each.name}") or 0.0), 2))
        for each in COMPARISONS
        if (level := _level(each, pair)) is not None
    }
    if not found:
        return None
    if pair.get("match_weight") is not None:
        rest = float(pair["match_weight"]) - sum(bits for _, bits in found.values())
        found["circumstances"] = ("ALL", round(rest, 2))
    return json.dumps(found, separators=(",", ":"))


def _level(comparison: Comparison, pair: dict[str, Any]) -> str | None:
    number = pair.get(f"gamma_{comparison.name}")
    return None if number is None else comparison.level_of(number).name


def _difference(name: str, pair: dict[str, Any]) -> str:
    level = BY_NAME[name].level_of(pair[f"gamma_{name}"])
    if level.says is None:
        return ""
    if level.name in _WHOLE_NAME:
        return _shown(level.says, *(_whole_name(pair, side) for side in ("", "candidate_")))
    if name == "place":
        return _local_ids(level.says, pair)
    if name not in _SHOWN_VALUES:
        return level.says
    return _shown(level.says, *(_written(pair.get(column)) for column in (name, f"candidate_{name}")))


def _local_ids(says: str, pair: dict[str, Any]) -> str:
    """A local ID is shown to the district whose own it is."""
    if pair.get("district_code") is None or pair["district_code"] != pair.get("candidate_district_code"):
        return says
    one, other = (_written(pair.get(column)) for column in ("local_student_id", "candidate_local_student_id"))
    return _shown(says, one, other) if one != other else says


def _shown(says: str, one: str, other: str) -> str:
    return f"{says}: {one} / {other}" if one and other else says


def _whole_name(pair: dict[str, Any], side: str) -> str:
    return " ".join(filter(None, (_written(pair.get(f"{side}{name}")) for name in ("first_name", "last_name"))))


def _written(value: Any) -> str:
    return value.strftime("%m/%d/%Y") if isinstance(value, date) else str(value or "")


def _enumerate(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
