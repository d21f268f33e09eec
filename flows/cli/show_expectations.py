"""How the command line shows expectations against findings: by rule, with the lines."""

from collections.abc import Sequence

from flows.expectations import Comparison, Finding, by_rule
from outputs.next_steps import counted

# A rule names so many of its lines.
MOST_LINES = 12


def print_comparison(compared: Comparison) -> None:
    """One sentence, then what is missing and what is unexpected."""
    print(
        f"{compared.file_name}: {counted(compared.expected, 'finding')} expected, {compared.found:,} found; "
        f"{len(compared.missing):,} missing, {len(compared.unexpected):,} unexpected."
    )
    _print_part("Missing (expected, not found):", compared.missing)
    _print_part("Unexpected (found, not expected):", compared.unexpected)
    print("As expected." if compared.agrees else "Not as expected.")


def _print_part(title: str, findings: Sequence[Finding]) -> None:
    if not findings:
        return
    print(title)
    for (rule_id, field, severity), lines in by_rule(findings):
        print(f"  {rule_id} {severity} {field or 'whole file'}: {_line_words(lines)}")


def _line_words(lines: Sequence[int | None]) -> str:
    known = [str(line) for line in lines if line is not None]
    if not known:
        return f"{len(lines):,} times" if len(lines) > 1 else "once"
    more = f" and {len(known) - MOST_LINES:,} more" if len(known) > MOST_LINES else ""
    return f"line{'s' if len(known) > 1 else ''} {', '.join(known[:MOST_LINES])}{more}"
