-- Records with a StateID: was the number ever given?
SELECT record.submission_id, record.line_number, number.state_id IS NULL AS fails, record.submitted_state_id AS value,
       record.state_id, NULL AS other_district_code, NULL AS other_submission_id, NULL AS other_line_number
FROM statewide_student_core AS record
LEFT JOIN identity_student AS number ON number.state_id = record.submitted_state_id
WHERE record.submitted_state_id IS NOT NULL
