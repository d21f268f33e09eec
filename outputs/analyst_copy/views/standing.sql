SELECT collection_version, district_code, state, received_count, last_received_at, trial_records, errors, warnings, near_matches,
       certified_records, certified_at, is_missing, is_late, due_date, days_left
FROM standing ORDER BY collection_version, district_code
