-- Who signed is not an analyst's question; what was certified is.
SELECT given.submission_id, given.district_code, file.school_code, given.collection_version, given."at" AS certified_at,
       file.accepted_count AS record_count, file.warning_count, given.ended IS NULL AND file.status = 'certified' AS is_current,
       given.ended, given.ended_at
FROM intake.certificate AS given JOIN intake.submission AS file USING (submission_id)
ORDER BY certified_at, given.submission_id
