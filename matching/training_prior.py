"""What a small registry cannot show comes from the model that ships: each probability is drawn to it, the more so the
fewer pairs there were to learn from.

Without it one lucky sample decides: a level that no random pair fell into would weigh 23 bits, a level that no pair of one
child fell into would be a veto.
"""

from typing import Any

# Pairs of one child that the shipped model's m counts for.
PRIOR_PAIRS = 1_000

LevelName = tuple[str, str]


def probabilities(settings: dict[str, Any]) -> dict[LevelName, tuple[float, float]]:
    """m and u of every level that says something, by (field, level)."""
    return {
        (comparison["output_column_name"], level["label_for_charts"]): (level["m_probability"], level["u_probability"])
        for comparison in settings["comparisons"]
        for level in comparison["comparison_levels"]
        if not level.get("is_null_level")
    }


def draw_to_prior(settings: dict[str, Any], prior: dict[LevelName, tuple[float, float]], pair_count: int) -> list[str]:
    """Changes the settings in place; the levels of which nothing was seen, as ``field LEVEL``.

    Args:
        settings: as splink fitted them; a level that was not seen has no m or no u.
        prior: of the model that ships; levels it does not have stay as they are.
        pair_count: pairs that m was learnt from.
    """
    unseen = []
    for comparison in settings["comparisons"]:
        for level in comparison["comparison_levels"]:
            name = (comparison["output_column_name"], level.get("label_for_charts"))
            if level.get("is_null_level") or name not in prior:
                continue
            prior_m, prior_u = prior[name]
            m, u = level.get("m_probability"), level.get("u_probability")
            if not m or not u:
                unseen.append(f"{name[0]} {name[1]}")
            level["m_probability"] = ((m or 0.0) * pair_count + prior_m * PRIOR_PAIRS) / (pair_count + PRIOR_PAIRS)
            level["u_probability"] = u or prior_u
    return unseen
