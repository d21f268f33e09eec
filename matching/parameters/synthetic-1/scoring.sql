-- 812c31682a5378b4dbd00816a98e1d44f8090a6c3f4bfec28dd9bd432e4138d3 4393f52d93fee5e143fc085bc981b2a004102d9bd95e7f382dc48b250b471792
DROP TABLE IF EXISTS __splink__df_pruned_predict_input_l;
CREATE TABLE __splink__df_pruned_predict_input_l AS
select source.*
from (
        select
"unique_id",
"last_name",
"last_name_sound",
"surname_words",
"first_name",
"first_name_sound",
"first_name_groups",
"given_names",
"name_order",
"name_reversed",
"middle_name",
"second_name",
"suffix",
"birth_date",
"gender",
"race_ethnicity",
"ssn_hash",
"ssn_near",
"guardian_last_name",
"guardian_first_name",
"district_code",
"local_student_id"
        from mosis_scored_record
        ) as source
semi join mosis_blocked_pair as pairs
on source."unique_id" = pairs.join_key_l;
DROP TABLE IF EXISTS __splink__df_pruned_predict_input_r;
CREATE TABLE __splink__df_pruned_predict_input_r AS
select source.*
from (
        select
"unique_id",
"last_name",
"last_name_sound",
"surname_words",
"first_name",
"first_name_sound",
"first_name_groups",
"given_names",
"name_order",
"name_reversed",
"middle_name",
"second_name",
"suffix",
"birth_date",
"gender",
"race_ethnicity",
"ssn_hash",
"ssn_near",
"guardian_last_name",
"guardian_first_name",
"district_code",
"local_student_id"
        from mosis_scored_record
        ) as source
semi join mosis_blocked_pair as pairs
on source."unique_id" = pairs.join_key_r;
DROP TABLE IF EXISTS mosis_prediction;
CREATE TABLE mosis_prediction AS
WITH
__splink__df_pruned_predict_input_with_tf_l as (
    select
        __splink__df_pruned_predict_input_l.*,
        mosis_tf_first_name."tf_first_name",
        mosis_tf_last_name."tf_last_name",
        mosis_tf_middle_name."tf_middle_name"
        from __splink__df_pruned_predict_input_l
        left join mosis_tf_first_name on __splink__df_pruned_predict_input_l."first_name" = mosis_tf_first_name."first_name"
    left join mosis_tf_last_name on __splink__df_pruned_predict_input_l."last_name" = mosis_tf_last_name."last_name"
    left join mosis_tf_middle_name on __splink__df_pruned_predict_input_l."middle_name" = mosis_tf_middle_name."middle_name"
),
__splink__df_pruned_predict_input_with_tf_r as (
    select
        __splink__df_pruned_predict_input_r.*,
        mosis_tf_first_name."tf_first_name",
        mosis_tf_last_name."tf_last_name",
        mosis_tf_middle_name."tf_middle_name"
        from __splink__df_pruned_predict_input_r
        left join mosis_tf_first_name on __splink__df_pruned_predict_input_r."first_name" = mosis_tf_first_name."first_name"
    left join mosis_tf_last_name on __splink__df_pruned_predict_input_r."last_name" = mosis_tf_last_name."last_name"
    left join mosis_tf_middle_name on __splink__df_pruned_predict_input_r."middle_name" = mosis_tf_middle_name."middle_name"
),
blocked_with_cols as (
    select
    "l"."unique_id" AS "unique_id_l",
    "r"."unique_id" AS "unique_id_r",
    "l"."first_name" AS "first_name_l",
    "r"."first_name" AS "first_name_r",
    "l"."tf_first_name" AS "tf_first_name_l",
    "r"."tf_first_name" AS "tf_first_name_r",
    "l"."first_name_groups" AS "first_name_groups_l",
    "r"."first_name_groups" AS "first_name_groups_r",
    "l"."given_names" AS "given_names_l",
    "r"."given_names" AS "given_names_r",
    "l"."name_order" AS "name_order_l",
    "r"."name_order" AS "name_order_r",
    "l"."name_reversed" AS "name_reversed_l",
    "r"."name_reversed" AS "name_reversed_r",
    "l"."second_name" AS "second_name_l",
    "r"."second_name" AS "second_name_r",
    "l"."first_name_sound" AS "first_name_sound_l",
    "r"."first_name_sound" AS "first_name_sound_r",
    "l"."last_name" AS "last_name_l",
    "r"."last_name" AS "last_name_r",
    "l"."tf_last_name" AS "tf_last_name_l",
    "r"."tf_last_name" AS "tf_last_name_r",
    "l"."surname_words" AS "surname_words_l",
    "r"."surname_words" AS "surname_words_r",
    "l"."last_name_sound" AS "last_name_sound_l",
    "r"."last_name_sound" AS "last_name_sound_r",
    "l"."middle_name" AS "middle_name_l",
    "r"."middle_name" AS "middle_name_r",
    "l"."tf_middle_name" AS "tf_middle_name_l",
    "r"."tf_middle_name" AS "tf_middle_name_r",
    "l"."suffix" AS "suffix_l",
    "r"."suffix" AS "suffix_r",
    "l"."birth_date" AS "birth_date_l",
    "r"."birth_date" AS "birth_date_r",
    "l"."gender" AS "gender_l",
    "r"."gender" AS "gender_r",
    "l"."race_ethnicity" AS "race_ethnicity_l",
    "r"."race_ethnicity" AS "race_ethnicity_r",
    "l"."ssn_hash" AS "ssn_hash_l",
    "r"."ssn_hash" AS "ssn_hash_r",
    "l"."ssn_near" AS "ssn_near_l",
    "r"."ssn_near" AS "ssn_near_r",
    "l"."guardian_last_name" AS "guardian_last_name_l",
    "r"."guardian_last_name" AS "guardian_last_name_r",
    "l"."guardian_first_name" AS "guardian_first_name_l",
    "r"."guardian_first_name" AS "guardian_first_name_r",
    "l"."district_code" AS "district_code_l",
    "r"."district_code" AS "district_code_r",
    "l"."local_student_id" AS "local_student_id_l",
    "r"."local_student_id" AS "local_student_id_r",
    b.match_key
    from mosis_blocked_pair as b
    inner join __splink__df_pruned_predict_input_with_tf_l as l
    on l."unique_id" = b.join_key_l
    inner join __splink__df_pruned_predict_input_with_tf_r as r
    on r."unique_id" = b.join_key_r
),
__splink__df_comparison_vectors as (
    select
    "unique_id_l",
    "unique_id_r",
    "first_name_l",
    "first_name_r",
    "first_name_groups_l",
    "first_name_groups_r",
    "given_names_l",
    "given_names_r",
    "name_order_l",
    "name_order_r",
    "name_reversed_l",
    "name_reversed_r",
    "second_name_l",
    "second_name_r",
    "first_name_sound_l",
    "first_name_sound_r",
    CASE
        WHEN "first_name_l" IS NULL OR "first_name_r" IS NULL THEN -1
        WHEN "first_name_l" = "first_name_r" THEN 7
        WHEN list_has_any("first_name_groups_l", "first_name_groups_r") THEN 6
        WHEN "given_names_l" = "given_names_r" OR "first_name_l" = "given_names_r" OR "given_names_l" = "first_name_r" THEN 5
        WHEN "name_order_l" = "name_reversed_r" THEN 4
        WHEN "first_name_l" = "second_name_r" OR "second_name_l" = "first_name_r" THEN 3
        WHEN (jaro_winkler_similarity("first_name_l", "first_name_r") >= 0.92 OR (length("first_name_l") >= 4 AND damerau_levenshtein("first_name_l", "first_name_r") <= 1)) THEN 2
        WHEN (jaro_winkler_similarity("first_name_l", "first_name_r") >= 0.85 OR "first_name_sound_l" = "first_name_sound_r") OR (least(length("first_name_l"), length("first_name_r")) >= 3 AND (starts_with("first_name_l", "first_name_r") OR starts_with("first_name_r", "first_name_l"))) THEN 1
        ELSE 0
    END as gamma_first_name,
    "tf_first_name_l",
    "tf_first_name_r",
    "last_name_l",
    "last_name_r",
    "surname_words_l",
    "surname_words_r",
    "last_name_sound_l",
    "last_name_sound_r",
    CASE
        WHEN "last_name_l" IS NULL OR "last_name_r" IS NULL THEN -1
        WHEN "last_name_l" = "last_name_r" THEN 7
        WHEN "name_order_l" = "name_reversed_r" THEN 6
        WHEN "surname_words_l" = "surname_words_r" THEN 5
        WHEN list_has_any("surname_words_l", "surname_words_r") THEN 4
        WHEN list_contains("surname_words_l", "second_name_r") OR list_contains("surname_words_r", "second_name_l") THEN 3
        WHEN (jaro_winkler_similarity("last_name_l", "last_name_r") >= 0.92 OR (length("last_name_l") >= 4 AND damerau_levenshtein("last_name_l", "last_name_r") <= 1)) THEN 2
        WHEN (jaro_winkler_similarity("last_name_l", "last_name_r") >= 0.85 OR "last_name_sound_l" = "last_name_sound_r") THEN 1
        ELSE 0
    END as gamma_last_name,
    "tf_last_name_l",
    "tf_last_name_r",
    "middle_name_l",
    "middle_name_r",
    CASE
        WHEN "middle_name_l" IS NULL OR "middle_name_r" IS NULL THEN -1
        WHEN least(length("middle_name_l"), length("middle_name_r")) = 1 AND left("middle_name_l", 1) = left("middle_name_r", 1) THEN 4
        WHEN "middle_name_l" = "middle_name_r" THEN 3
        WHEN coalesce(list_contains("surname_words_l", "middle_name_r"), false) OR coalesce(list_contains("surname_words_r", "middle_name_l"), false) THEN 2
        WHEN (jaro_winkler_similarity("middle_name_l", "middle_name_r") >= 0.92 OR (length("middle_name_l") >= 4 AND damerau_levenshtein("middle_name_l", "middle_name_r") <= 1)) THEN 1
        ELSE 0
    END as gamma_middle_name,
    "tf_middle_name_l",
    "tf_middle_name_r",
    "suffix_l",
    "suffix_r",
    CASE
        WHEN "suffix_l" IS NULL OR "suffix_r" IS NULL THEN -1
        WHEN "suffix_l" = "suffix_r" THEN 1
        ELSE 0
    END as gamma_suffix,
    "birth_date_l",
    "birth_date_r",
    CASE
        WHEN "birth_date_l" IS NULL OR "birth_date_r" IS NULL THEN -1
        WHEN "birth_date_l" = "birth_date_r" THEN 6
        WHEN year("birth_date_l") = year("birth_date_r") AND month("birth_date_l") = day("birth_date_r") AND day("birth_date_l") = month("birth_date_r") THEN 5
        WHEN year("birth_date_l") = year("birth_date_r") AND (strftime("birth_date_l", '%m%d') = '0101' OR strftime("birth_date_r", '%m%d') = '0101') THEN 4
        WHEN year("birth_date_l") = year("birth_date_r") AND damerau_levenshtein(strftime("birth_date_l", '%m%d'), strftime("birth_date_r", '%m%d')) = 1 THEN 3
        WHEN strftime("birth_date_l", '%m%d') = strftime("birth_date_r", '%m%d') AND (abs(year("birth_date_l") - year("birth_date_r")) IN (1, 10)) THEN 2
        WHEN year("birth_date_l") = year("birth_date_r") AND (month("birth_date_l") = month("birth_date_r") OR day("birth_date_l") = day("birth_date_r")) THEN 1
        ELSE 0
    END as gamma_birth_date,
    "gender_l",
    "gender_r",
    CASE
        WHEN "gender_l" IS NULL OR "gender_r" IS NULL THEN -1
        WHEN "gender_l" = "gender_r" THEN 1
        ELSE 0
    END as gamma_gender,
    "race_ethnicity_l",
    "race_ethnicity_r",
    CASE
        WHEN "race_ethnicity_l" IS NULL OR "race_ethnicity_r" IS NULL THEN -1
        WHEN "race_ethnicity_l" = "race_ethnicity_r" THEN 2
        WHEN "race_ethnicity_l" = 'M' OR "race_ethnicity_r" = 'M' THEN 1
        ELSE 0
    END as gamma_race_ethnicity,
    "ssn_hash_l",
    "ssn_hash_r",
    "ssn_near_l",
    "ssn_near_r",
    CASE
        WHEN "ssn_hash_l" IS NULL OR "ssn_hash_r" IS NULL THEN -1
        WHEN "ssn_hash_l" = "ssn_hash_r" THEN 2
        WHEN list_has_any("ssn_near_l", "ssn_near_r") THEN 1
        ELSE 0
    END as gamma_ssn,
    "guardian_last_name_l",
    "guardian_last_name_r",
    "guardian_first_name_l",
    "guardian_first_name_r",
    CASE
        WHEN "guardian_last_name_l" IS NULL OR "guardian_last_name_r" IS NULL OR "guardian_first_name_l" IS NULL OR "guardian_first_name_r" IS NULL THEN -1
        WHEN "guardian_last_name_l" = "guardian_last_name_r" AND "guardian_first_name_l" = "guardian_first_name_r" THEN 3
        WHEN "guardian_first_name_l" = "guardian_first_name_r" THEN 2
        WHEN "guardian_last_name_l" = "guardian_last_name_r" THEN 1
        ELSE 0
    END as gamma_guardian,
    "district_code_l",
    "district_code_r",
    "local_student_id_l",
    "local_student_id_r",
    CASE
        WHEN "district_code_l" IS NULL OR "district_code_r" IS NULL THEN -1
        WHEN "district_code_l" = "district_code_r" AND "local_student_id_l" = "local_student_id_r" THEN 3
        WHEN "district_code_l" = "district_code_r" AND "local_student_id_l" <> "local_student_id_r" THEN 2
        WHEN "district_code_l" = "district_code_r" THEN 1
        ELSE 0
    END as gamma_place,
    match_key
    from blocked_with_cols
),
__splink__df_match_weight_parts as (
    select
    "unique_id_l",
    "unique_id_r",
    "first_name_l",
    "first_name_r",
    "first_name_groups_l",
    "first_name_groups_r",
    "given_names_l",
    "given_names_r",
    "name_order_l",
    "name_order_r",
    "name_reversed_l",
    "name_reversed_r",
    "second_name_l",
    "second_name_r",
    "first_name_sound_l",
    "first_name_sound_r",
    gamma_first_name,
    "tf_first_name_l",
    "tf_first_name_r",
    CASE
        WHEN gamma_first_name = -1 THEN
            cast(0.0 as float8)
        WHEN gamma_first_name = 7 THEN
            cast(9.253663333159036 as float8)
        WHEN gamma_first_name = 6 THEN
            cast(4.664011836332197 as float8)
        WHEN gamma_first_name = 5 THEN
            cast(11.991249366395396 as float8)
        WHEN gamma_first_name = 4 THEN
            cast(10.673395159398407 as float8)
        WHEN gamma_first_name = 3 THEN
            cast(-0.12898851094656347 as float8)
        WHEN gamma_first_name = 2 THEN
            cast(4.448559239194333 as float8)
        WHEN gamma_first_name = 1 THEN
            cast(-0.7022312551618108 as float8)
        WHEN gamma_first_name = 0 THEN
            cast(-7.855981862341115 as float8)
    END as mw_first_name,
    CASE
        WHEN gamma_first_name = -1 THEN cast(0 as float8)
        WHEN gamma_first_name = 7 THEN
            CASE
                WHEN coalesce("tf_first_name_l", "tf_first_name_r") is not null THEN
                    cast(1.0 as float8) * (
                        cast(-9.31724075777817 as float8) - log2(greatest(coalesce("tf_first_name_l", "tf_first_name_r"), coalesce("tf_first_name_r", "tf_first_name_l"), cast(0.0 as float8)))
                    )
                ELSE cast(0 as float8)
            END
        WHEN gamma_first_name = 6 THEN
            CASE
                WHEN coalesce("tf_first_name_l", "tf_first_name_r") is not null THEN
                    cast(0.5 as float8) * (
                        cast(-9.31724075777817 as float8) - log2(greatest(coalesce("tf_first_name_l", "tf_first_name_r"), coalesce("tf_first_name_r", "tf_first_name_l"), cast(0.0 as float8)))
                    )
                ELSE cast(0 as float8)
            END
        WHEN gamma_first_name = 5 THEN
            CASE
                WHEN coalesce("tf_first_name_l", "tf_first_name_r") is not null THEN
                    cast(0.5 as float8) * (
                        cast(-9.31724075777817 as float8) - log2(greatest(coalesce("tf_first_name_l", "tf_first_name_r"), coalesce("tf_first_name_r", "tf_first_name_l"), cast(0.0 as float8)))
                    )
                ELSE cast(0 as float8)
            END
        WHEN gamma_first_name = 4 THEN cast(0 as float8)
        WHEN gamma_first_name = 3 THEN cast(0 as float8)
        WHEN gamma_first_name = 2 THEN
            CASE
                WHEN coalesce("tf_first_name_l", "tf_first_name_r") is not null THEN
                    cast(0.5 as float8) * (
                        cast(-9.31724075777817 as float8) - log2(greatest(coalesce("tf_first_name_l", "tf_first_name_r"), coalesce("tf_first_name_r", "tf_first_name_l"), cast(0.0 as float8)))
                    )
                ELSE cast(0 as float8)
            END
        WHEN gamma_first_name = 1 THEN cast(0 as float8)
        WHEN gamma_first_name = 0 THEN cast(0 as float8)
    END as mw_tf_adj_first_name,
    "last_name_l",
    "last_name_r",
    "surname_words_l",
    "surname_words_r",
    "last_name_sound_l",
    "last_name_sound_r",
    gamma_last_name,
    "tf_last_name_l",
    "tf_last_name_r",
    CASE
        WHEN gamma_last_name = -1 THEN
            cast(0.0 as float8)
        WHEN gamma_last_name = 7 THEN
            cast(8.612264751774234 as float8)
        WHEN gamma_last_name = 6 THEN
            cast(10.673395159398407 as float8)
        WHEN gamma_last_name = 5 THEN
            cast(9.965784284662087 as float8)
        WHEN gamma_last_name = 4 THEN
            cast(6.412430667754414 as float8)
        WHEN gamma_last_name = 3 THEN
            cast(1.8775072003462077 as float8)
        WHEN gamma_last_name = 2 THEN
            cast(5.196429209724118 as float8)
        WHEN gamma_last_name = 1 THEN
            cast(-0.6014412489580144 as float8)
        WHEN gamma_last_name = 0 THEN
            cast(-7.489175791111369 as float8)
    END as mw_last_name,
    CASE
        WHEN gamma_last_name = -1 THEN cast(0 as float8)
        WHEN gamma_last_name = 7 THEN
            CASE
                WHEN coalesce("tf_last_name_l", "tf_last_name_r") is not null THEN
                    cast(1.0 as float8) * (
                        cast(-8.673511165413457 as float8) - log2(greatest(coalesce("tf_last_name_l", "tf_last_name_r"), coalesce("tf_last_name_r", "tf_last_name_l"), cast(0.0 as float8)))
                    )
                ELSE cast(0 as float8)
            END
        WHEN gamma_last_name = 6 THEN cast(0 as float8)
        WHEN gamma_last_name = 5 THEN cast(0 as float8)
        WHEN gamma_last_name = 4 THEN
            CASE
                WHEN coalesce("tf_last_name_l", "tf_last_name_r") is not null THEN
                    cast(0.5 as float8) * (
                        cast(-8.673511165413457 as float8) - log2(greatest(coalesce("tf_last_name_l", "tf_last_name_r"), coalesce("tf_last_name_r", "tf_last_name_l"), cast(0.0 as float8)))
                    )
                ELSE cast(0 as float8)
            END
        WHEN gamma_last_name = 3 THEN cast(0 as float8)
        WHEN gamma_last_name = 2 THEN
            CASE
                WHEN coalesce("tf_last_name_l", "tf_last_name_r") is not null THEN
                    cast(0.5 as float8) * (
                        cast(-8.673511165413457 as float8) - log2(greatest(coalesce("tf_last_name_l", "tf_last_name_r"), coalesce("tf_last_name_r", "tf_last_name_l"), cast(0.0 as float8)))
                    )
                ELSE cast(0 as float8)
            END
        WHEN gamma_last_name = 1 THEN cast(0 as float8)
        WHEN gamma_last_name = 0 THEN cast(0 as float8)
    END as mw_tf_adj_last_name,
    "middle_name_l",
    "middle_name_r",
    gamma_middle_name,
    "tf_middle_name_l",
    "tf_middle_name_r",
    CASE
        WHEN gamma_middle_name = -1 THEN
            cast(0.0 as float8)
        WHEN gamma_middle_name = 4 THEN
            cast(4.131309948076255 as float8)
        WHEN gamma_middle_name = 3 THEN
            cast(9.22906249313077 as float8)
        WHEN gamma_middle_name = 2 THEN
            cast(3.576501290740132 as float8)
        WHEN gamma_middle_name = 1 THEN
            cast(1.5060946275607203 as float8)
        WHEN gamma_middle_name = 0 THEN
            cast(-7.61424457524921 as float8)
    END as mw_middle_name,
    CASE
        WHEN gamma_middle_name = -1 THEN cast(0 as float8)
        WHEN gamma_middle_name = 4 THEN cast(0 as float8)
        WHEN gamma_middle_name = 3 THEN
            CASE
                WHEN coalesce("tf_middle_name_l", "tf_middle_name_r") is not null THEN
                    cast(1.0 as float8) * (
                        cast(-9.79106337070631 as float8) - log2(greatest(coalesce("tf_middle_name_l", "tf_middle_name_r"), coalesce("tf_middle_name_r", "tf_middle_name_l"), cast(0.0 as float8)))
                    )
                ELSE cast(0 as float8)
            END
        WHEN gamma_middle_name = 2 THEN cast(0 as float8)
        WHEN gamma_middle_name = 1 THEN cast(0 as float8)
        WHEN gamma_middle_name = 0 THEN cast(0 as float8)
    END as mw_tf_adj_middle_name,
    "suffix_l",
    "suffix_r",
    gamma_suffix,
    CASE
        WHEN gamma_suffix = -1 THEN
            cast(0.0 as float8)
        WHEN gamma_suffix = 1 THEN
            cast(0.0 as float8)
        WHEN gamma_suffix = 0 THEN
            cast(-6.643856189774724 as float8)
    END as mw_suffix,
    "birth_date_l",
    "birth_date_r",
    gamma_birth_date,
    CASE
        WHEN gamma_birth_date = -1 THEN
            cast(0.0 as float8)
        WHEN gamma_birth_date = 6 THEN
            cast(12.187717275532084 as float8)
        WHEN gamma_birth_date = 5 THEN
            cast(5.003733885736495 as float8)
        WHEN gamma_birth_date = 4 THEN
            cast(1.4624214650753968 as float8)
        WHEN gamma_birth_date = 3 THEN
            cast(0.9916264688231068 as float8)
        WHEN gamma_birth_date = 2 THEN
            cast(1.9733270118932549 as float8)
        WHEN gamma_birth_date = 1 THEN
            cast(-1.1036104142403766 as float8)
        WHEN gamma_birth_date = 0 THEN
            cast(-8.373590214709855 as float8)
    END as mw_birth_date,
    "gender_l",
    "gender_r",
    gamma_gender,
    CASE
        WHEN gamma_gender = -1 THEN
            cast(0.0 as float8)
        WHEN gamma_gender = 1 THEN
            cast(0.9953292738082636 as float8)
        WHEN gamma_gender = 0 THEN
            cast(-7.265092380260363 as float8)
    END as mw_gender,
    "race_ethnicity_l",
    "race_ethnicity_r",
    gamma_race_ethnicity,
    CASE
        WHEN gamma_race_ethnicity = -1 THEN
            cast(0.0 as float8)
        WHEN gamma_race_ethnicity = 2 THEN
            cast(0.9650942908115718 as float8)
        WHEN gamma_race_ethnicity = 1 THEN
            cast(-1.5855985305161022 as float8)
        WHEN gamma_race_ethnicity = 0 THEN
            cast(-4.265068987264396 as float8)
    END as mw_race_ethnicity,
    "ssn_hash_l",
    "ssn_hash_r",
    "ssn_near_l",
    "ssn_near_r",
    gamma_ssn,
    CASE
        WHEN gamma_ssn = -1 THEN
            cast(0.0 as float8)
        WHEN gamma_ssn = 2 THEN
            cast(23.21289867639379 as float8)
        WHEN gamma_ssn = 1 THEN
            cast(14.76010283819503 as float8)
        WHEN gamma_ssn = 0 THEN
            cast(-6.643830285816652 as float8)
    END as mw_ssn,
    "guardian_last_name_l",
    "guardian_last_name_r",
    "guardian_first_name_l",
    "guardian_first_name_r",
    gamma_guardian,
    CASE
        WHEN gamma_guardian = -1 THEN
            cast(0.0 as float8)
        WHEN gamma_guardian = 3 THEN
            cast(6.8206379657864415 as float8)
        WHEN gamma_guardian = 2 THEN
            cast(1.3219280948873624 as float8)
        WHEN gamma_guardian = 1 THEN
            cast(0.10113123694634833 as float8)
        WHEN gamma_guardian = 0 THEN
            cast(-3.7865963618908065 as float8)
    END as mw_guardian,
    "district_code_l",
    "district_code_r",
    "local_student_id_l",
    "local_student_id_r",
    gamma_place,
    CASE
        WHEN gamma_place = -1 THEN
            cast(0.0 as float8)
        WHEN gamma_place = 3 THEN
            cast(23.101493570766486 as float8)
        WHEN gamma_place = 2 THEN
            cast(-2.0 as float8)
        WHEN gamma_place = 1 THEN
            cast(5.906890595608519 as float8)
        WHEN gamma_place = 0 THEN
            cast(-3.4447848426728958 as float8)
    END as mw_place,
    match_key
    from __splink__df_comparison_vectors
)
select
cast(-18.289379116559733 as float8) + mw_first_name + mw_tf_adj_first_name + mw_last_name + mw_tf_adj_last_name + mw_middle_name + mw_tf_adj_middle_name + mw_suffix + mw_birth_date + mw_gender + mw_race_ethnicity + mw_ssn + mw_guardian + mw_place as match_weight,
CASE
        WHEN (cast(-18.289379116559733 as float8) + mw_first_name + mw_tf_adj_first_name + mw_last_name + mw_tf_adj_last_name + mw_middle_name + mw_tf_adj_middle_name + mw_suffix + mw_birth_date + mw_gender + mw_race_ethnicity + mw_ssn + mw_guardian + mw_place) >= 0 THEN
            1.0 / (1.0 + POWER(cast(2 as float8), -(cast(-18.289379116559733 as float8) + mw_first_name + mw_tf_adj_first_name + mw_last_name + mw_tf_adj_last_name + mw_middle_name + mw_tf_adj_middle_name + mw_suffix + mw_birth_date + mw_gender + mw_race_ethnicity + mw_ssn + mw_guardian + mw_place)))
        ELSE
            POWER(cast(2 as float8), (cast(-18.289379116559733 as float8) + mw_first_name + mw_tf_adj_first_name + mw_last_name + mw_tf_adj_last_name + mw_middle_name + mw_tf_adj_middle_name + mw_suffix + mw_birth_date + mw_gender + mw_race_ethnicity + mw_ssn + mw_guardian + mw_place)) /
            (1.0 + POWER(cast(2 as float8), (cast(-18.289379116559733 as float8) + mw_first_name + mw_tf_adj_first_name + mw_last_name + mw_tf_adj_last_name + mw_middle_name + mw_tf_adj_middle_name + mw_suffix + mw_birth_date + mw_gender + mw_race_ethnicity + mw_ssn + mw_guardian + mw_place)))
    END as match_probability,
"unique_id_l",
"unique_id_r",
"first_name_l",
"first_name_r",
"first_name_groups_l",
"first_name_groups_r",
"given_names_l",
"given_names_r",
"name_order_l",
"name_order_r",
"name_reversed_l",
"name_reversed_r",
"second_name_l",
"second_name_r",
"first_name_sound_l",
"first_name_sound_r",
gamma_first_name,
"tf_first_name_l",
"tf_first_name_r",
mw_first_name,
mw_tf_adj_first_name,
"last_name_l",
"last_name_r",
"surname_words_l",
"surname_words_r",
"last_name_sound_l",
"last_name_sound_r",
gamma_last_name,
"tf_last_name_l",
"tf_last_name_r",
mw_last_name,
mw_tf_adj_last_name,
"middle_name_l",
"middle_name_r",
gamma_middle_name,
"tf_middle_name_l",
"tf_middle_name_r",
mw_middle_name,
mw_tf_adj_middle_name,
"suffix_l",
"suffix_r",
gamma_suffix,
mw_suffix,
"birth_date_l",
"birth_date_r",
gamma_birth_date,
mw_birth_date,
"gender_l",
"gender_r",
gamma_gender,
mw_gender,
"race_ethnicity_l",
"race_ethnicity_r",
gamma_race_ethnicity,
mw_race_ethnicity,
"ssn_hash_l",
"ssn_hash_r",
"ssn_near_l",
"ssn_near_r",
gamma_ssn,
mw_ssn,
"guardian_last_name_l",
"guardian_last_name_r",
"guardian_first_name_l",
"guardian_first_name_r",
gamma_guardian,
mw_guardian,
"district_code_l",
"district_code_r",
"local_student_id_l",
"local_student_id_r",
gamma_place,
mw_place,
match_key
from __splink__df_match_weight_parts
 where (cast(-18.289379116559733 as float8) + mw_first_name + mw_tf_adj_first_name + mw_last_name + mw_tf_adj_last_name + mw_middle_name + mw_tf_adj_middle_name + mw_suffix + mw_birth_date + mw_gender + mw_race_ethnicity + mw_ssn + mw_guardian + mw_place) >= {threshold};
DROP TABLE IF EXISTS __splink__df_pruned_predict_input_r;
DROP TABLE IF EXISTS __splink__df_pruned_predict_input_l;
