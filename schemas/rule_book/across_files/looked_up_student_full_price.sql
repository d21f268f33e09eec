-- Students of the district's Direct Certification lookup: does February still say full price?
SELECT judged.submission_id, judged.line_number, judged.lunch_status = 'U' AS fails
FROM judged_student_core AS judged
JOIN (SELECT DISTINCT district_code, state_id FROM standing_direct_certification WHERE state_id IS NOT NULL) AS lookup
  USING (district_code, state_id)
