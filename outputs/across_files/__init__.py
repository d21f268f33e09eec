"""Rules that compare files: judged in the transaction that stores a file, and again when a file they compare with changes."""

from outputs.across_files.comparisons import Comparisons
from outputs.across_files.dependents import (
    CERTIFIED_CHANGED,
    STANDING_CHANGED,
    compare_again,
    find_dependents,
    judge_again,
    judge_dependents,
)
from outputs.across_files.judge import AcrossDefect, Judged, judge
from outputs.across_files.settle import add_to_counts, as_found

__all__ = [
    "CERTIFIED_CHANGED",
    "STANDING_CHANGED",
    "AcrossDefect",
    "Comparisons",
    "Judged",
    "add_to_counts",
    "as_found",
    "compare_again",
    "find_dependents",
    "judge",
    "judge_again",
    "judge_dependents",
]
