SELECT run.submission_id, file.district_code, file.school_code, file.collection_version, file.status AS submission_status,
       run.rule_id, sum(run.applicable_count)::BIGINT AS applicable_count, sum(run.failed_count)::BIGINT AS failed_count
FROM quality.rule_run AS run JOIN intake.submission AS file USING (submission_id)
GROUP BY ALL
ORDER BY file.collection_version, run.submission_id, run.rule_id
