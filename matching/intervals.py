"""Exact 95% intervals of the figures in an accuracy table: honest at a count of nought, where a normal interval is not."""

from scipy.stats import beta, chi2

CONFIDENCE = 0.95
_TAIL = (1 - CONFIDENCE) / 2

Figures = tuple[float, float, float]


def share(count: int, among: int) -> Figures:
    """A share with its interval: value, low, high. Clopper and Pearson 1934."""
    low = float(beta.ppf(_TAIL, count, among - count + 1)) if count else 0.0
    high = float(beta.ppf(1 - _TAIL, count + 1, among - count)) if count < among else 1.0
    return count / among, low, high


def rate(count: int, among: int) -> Figures:
    """Events per unit, of which a unit may have several, with the exact Poisson interval (Garwood 1936)."""
    low = float(chi2.ppf(_TAIL, 2 * count) / 2) if count else 0.0
    high = float(chi2.ppf(1 - _TAIL, 2 * count + 2) / 2)
    return count / among, low / among, high / among


def f1_of_pairs(right: int, either: int) -> Figures:
    """F1 of pairs from the Jaccard share J (right pairs among right, missed and wrong ones): 2J / (1 + J), monotone in J."""
    value, low, high = share(right, either)
    return 2 * value / (1 + value), 2 * low / (1 + low), 2 * high / (1 + high)


def difference(count: int, among: int, other_count: int, other_among: int) -> Figures:
    """One share minus another, with Newcombe's interval (1998, method 10) from the two exact ones: a little too wide."""
    one, one_low, one_high = share(count, among)
    other, other_low, other_high = share(other_count, other_among)
    gap = one - other
    below = ((one - one_low) ** 2 + (other_high - other) ** 2) ** 0.5
    above = ((one_high - one) ** 2 + (other - other_low) ** 2) ** 0.5
    return gap, gap - below, gap + above
