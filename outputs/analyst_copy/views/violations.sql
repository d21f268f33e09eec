-- value, message, local ID and the sentences of people stay out; the state ID is a pseudonym.
SELECT v.submission_id, v.district_code, v.school_code, v.layout, v.collection_version, v.line_number, v.field, v.rule_id,
       v.severity, v.scope, v.status, v.status IN ('open', 'reopened', 'contacted') AS is_standing,
       pseudonym.student, v.other_district_code, v.due_date, v.first_seen_at, v.last_seen_at, v.fixed_at, v.waived_until,
       v.changed_by, v.side,
       CASE WHEN v.finding_id IS NOT NULL THEN dense_rank() OVER (ORDER BY v.finding_id) END AS finding_number,
       date_diff('day', CAST(v.first_seen_at AT TIME ZONE 'America/Chicago' AS DATE),
           CAST(coalesce(v.fixed_at, CASE WHEN v.status = 'fixed' THEN v.last_seen_at END, $at) AT TIME ZONE 'America/Chicago' AS DATE)
       ) AS days_open,
       coalesce(by_field.title, by_number.title) AS rule_title, run.applicable_count, run.failed_count, v.rule_book_version,
       file.status AS submission_status
FROM quality.violation AS v
JOIN intake.submission AS file USING (submission_id)
LEFT JOIN identity.moved_line AS moved USING (submission_id, line_number)
LEFT JOIN pseudonym ON pseudonym.state_id = coalesce(moved.state_id, v.state_id)
LEFT JOIN rules AS by_field
  ON by_field.collection_version = v.collection_version AND by_field.rule_id = v.rule_id AND by_field.field = v.field
LEFT JOIN (SELECT collection_version, rule_id, min(title) AS title FROM rules GROUP BY ALL) AS by_number
  ON by_number.collection_version = v.collection_version AND by_number.rule_id = v.rule_id
LEFT JOIN (
    SELECT submission_id, rule_id, sum(applicable_count)::BIGINT AS applicable_count, sum(failed_count)::BIGINT AS failed_count
    FROM quality.rule_run GROUP BY ALL
) AS run ON run.submission_id = v.submission_id AND run.rule_id = v.rule_id
ORDER BY v.collection_version, v.district_code, v.submission_id, v.line_number, v.rule_id, v.field
