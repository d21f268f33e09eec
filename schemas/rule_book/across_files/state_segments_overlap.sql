-- Enrolment segments of June: does one of another district overlap? The day of a move may stand in both; a no-show (entry and
-- exit on one day) and part-time pupils (PT) overlap with nobody.
WITH segment AS (
    SELECT state_id, district_code, collection__version, submission_id, line_number, entry_date,
           coalesce(exit_date, DATE '2999-12-31') AS exit_date
    FROM shared_student_enrollment_attendance
    WHERE collection__cycle = 'Jun' AND state_id IS NOT NULL AND residency_status IS DISTINCT FROM 'PT'
      AND entry_date < coalesce(exit_date, DATE '2999-12-31')
)
SELECT here.submission_id, here.line_number, there.state_id IS NOT NULL AS fails,
       there.district_code AS other_district_code, there.submission_id AS other_submission_id,
       there.line_number AS other_line_number
FROM segment AS here
LEFT JOIN segment AS there
  ON there.state_id = here.state_id AND there.collection__version = here.collection__version
 AND there.district_code <> here.district_code
 AND there.entry_date < here.exit_date AND here.entry_date < there.exit_date
