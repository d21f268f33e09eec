-- Summer-school students: does another district report the same one in the same summer?
WITH student AS (
    SELECT DISTINCT ON (state_id, district_code, collection__version)
           state_id, district_code, collection__version, submission_id, line_number
    FROM shared_student_enrollment_attendance
    WHERE collection__cycle = 'Aug' AND state_id IS NOT NULL
      AND coalesce(nullif(summer_membership, 0), summer_attendance, 1) > 0
    ORDER BY state_id, district_code, collection__version, submission_id, line_number
)
SELECT here.submission_id, here.line_number, there.state_id IS NOT NULL AS fails,
       there.district_code AS other_district_code, there.submission_id AS other_submission_id,
       there.line_number AS other_line_number
FROM student AS here
LEFT JOIN student AS there
  ON there.state_id = here.state_id AND there.collection__version = here.collection__version
 AND there.district_code <> here.district_code
