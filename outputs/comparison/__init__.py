"""A collection's totals set against the aggregates of another system: the same cells counted here, differences ranked."""

from outputs.comparison.aggregates import read_aggregates
from outputs.comparison.compare import Comparison, Tolerance, compare_totals
from outputs.comparison.page import write_comparison

__all__ = ["Comparison", "Tolerance", "compare_totals", "read_aggregates", "write_comparison"]
