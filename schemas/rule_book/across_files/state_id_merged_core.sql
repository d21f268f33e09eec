-- Records with a StateID: was the number merged into another one? The record counts for the number that stayed.
SELECT record.submission_id, record.line_number, number.status = 'merged' AS fails, record.submitted_state_id AS value,
       record.state_id, NULL AS other_district_code, NULL AS other_submission_id, NULL AS other_line_number
FROM statewide_student_core AS record
JOIN identity_student AS number ON number.state_id = record.submitted_state_id
