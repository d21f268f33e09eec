"""Where a home has its pairs compared: in the run's own process, or on Spark when its settings say so."""

from matching.candidates import PairScorer, score_open_requests
from schemas.paths import StateHome


def pair_scorer(home: StateHome) -> PairScorer:
    """The scorer that the settings name; what is decided does not depend on it."""
    if home.settings.scoring_backend == "duckdb":
        return score_open_requests
    from matching.spark_pairs import SparkScorer

    return SparkScorer(home.settings.spark_master, home.settings.spark_folder or home.work)
