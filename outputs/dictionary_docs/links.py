"""Where each page of the dictionary stands, relative to the folder that ``mosis dictionary docs`` writes.

Other pages link by these names, so they never change: ``rules/STC91110.html``, ``layouts/student_core.html``,
``code_sets/LEP_Codes.html``.
"""

from urllib.parse import quote

INDEX = "index.html"


def rule_anchor(layout: str, rule_id: str) -> str:
    """The page of a rule, at the part about one layout: a number that several layouts share has one page."""
    return f"rules/{quote(rule_id, safe='')}.html#{quote(layout, safe='')}"


def rule_page(rule_id: str) -> str:
    return f"rules/{quote(rule_id, safe='')}.html"


def layout_page(layout: str, school_year: int | None = None) -> str:
    """The page of the newest school year, or of an earlier one."""
    return f"layouts/{quote(layout, safe='')}{f'_{school_year}' if school_year else ''}.html"


def code_set_page(code_set: str) -> str:
    return f"code_sets/{quote(code_set, safe='')}.html"
