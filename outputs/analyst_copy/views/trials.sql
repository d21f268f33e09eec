SELECT trial.submission_id, trial.district_code, trial.school_code, trial.collection_version, trial."at" AS judged_at,
       trial.cause, trial.severity, trial.rule_book_version, trial.replaced_submission_id, trial.record_count,
       trial.new_count, trial.still_open_count, trial.reopened_count, trial.fixed_count, trial.waived_count,
       trial.new_count + trial.still_open_count + trial.reopened_count AS standing_count,
       row_number() OVER (
           PARTITION BY trial.district_code, trial.school_code, trial.collection_version, trial.severity
           ORDER BY trial."at", trial.submission_id, trial.cause
       ) AS trial_number
FROM quality.trial AS trial ORDER BY judged_at, trial.submission_id, severity
