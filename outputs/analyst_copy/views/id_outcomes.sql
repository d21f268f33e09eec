SELECT submission_id, file.district_code, file.collection_version, given.outcome, given.reason, given.step,
       count(*) AS record_count
FROM identity.assignment AS given JOIN intake.submission AS file USING (submission_id)
GROUP BY ALL ORDER BY ALL
