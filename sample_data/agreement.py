"""Columns of one record that must agree with each other, put right after all of them were drawn on their own.

Each line keeps what the rule book (``rule_book/student_core.csv``) asks of a sound extract.
"""

import polars as pl

LOWEST_GRADES = ("PK", "K", "01", "02")
UNACCOMPANIED = ("SN", "SY", "UY", "DN")
KG_AREAS = ("kg_physical", "kg_social_emotional", "kg_cognition", "kg_approaches_to_learning", "kg_language_literacy")
YES, NO = pl.lit("Y"), pl.lit("N")


def in_agreement(records: pl.DataFrame) -> pl.DataFrame:
    """The same text records; only values that contradict another field of the record are changed."""
    return records.with_columns(_first()).with_columns(_second())


def _first() -> list[pl.Expr]:
    """Changes that others rest on."""
    young = pl.col("grade").is_in(LOWEST_GRADES)
    alone = pl.col("homeless").is_in(UNACCOMPANIED)
    not_ready = (pl.col("kindergarten_readiness") == "N") & pl.all_horizontal(pl.col(*KG_AREAS) == "Y")
    of_non_resident = pl.col("residency_status") == "NR"
    return [
        _instead("homeless", young & alone, pl.lit("DU")),
        _instead("map_a", (pl.col("map_a") == "Y") & young, NO),
        _instead("moqpk_lea", (pl.col("moqpk_lea") == "Y") & (pl.col("mpp") == "Y"), NO),
        _instead("not_fay_school", pl.col("not_fay_district") == "Y", YES),
        _instead("icap_review", pl.col("icap") == "N", NO),
        _instead("title_iii", pl.col("lep_status") == "NRC", NO),
        _instead("cte_certificate", (pl.col("cte_certificate") == "Y") & pl.col("career_ed").is_null(), NO),
        _instead("stack_cred2", pl.col("stack_cred1").is_null(), pl.lit(None)),
        _instead("secondary_disability", pl.col("iep_disability") == "12", pl.lit(None)),
        _instead("kg_physical", not_ready, NO),
        _instead("k8_graduate_district_code", of_non_resident, pl.lit(None)),
        _instead(
            "voluntary_transfer",
            (pl.col("voluntary_transfer") == "Y")
            & (pl.col("resident_district_code") == pl.col("reporting_district_code")),
            NO,
        ),
    ]


def _second() -> list[pl.Expr]:
    """Meals follow the homeless, migrant and foster care fields; state aid follows the meals."""
    eats_free = (pl.col("homeless") != "NH") | (pl.col("migrant") == "Y") | (pl.col("foster_care") == "Y")
    pays = (pl.col("lunch_status") == "U") & ~eats_free
    return [
        _instead("lunch_status", eats_free, pl.lit("F")),
        _instead("pk_eligible_state_aid", (pl.col("pk_eligible_state_aid") == "Y") & pays, NO),
    ]


def _instead(name: str, where: pl.Expr, value: pl.Expr) -> pl.Expr:
    return pl.when(where).then(value).otherwise(name).alias(name)
