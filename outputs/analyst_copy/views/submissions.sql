-- A reason is a code; a sentence in its place could quote the file, so it stays out.
SELECT submission_id, district_code, school_code, layout, collection_version, school_year, cycle, status, outcome,
       CASE WHEN regexp_full_match(reason, '[A-Z][A-Z0-9_]*') THEN reason END AS reason,
       is_late, coalesce(is_pilot, false) AS is_pilot, line_count, record_count, accepted_count, refused_count, error_count, warning_count, near_match_count,
       received_at, CAST(received_at AT TIME ZONE 'America/Chicago' AS DATE) AS received_date, finished_at, certified_at,
       dictionary_version, rule_book_version
FROM intake.submission ORDER BY received_at, submission_id
