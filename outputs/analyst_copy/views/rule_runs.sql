SELECT run.submission_id, file.district_code, file.school_code, file.collection_version, file.status AS submission_status,
       run.rule_id, run.applicable_count, run.failed_count
FROM quality.rule_run AS run JOIN intake.submission AS file USING (submission_id)
ORDER BY file.collection_version, run.submission_id, run.rule_id
