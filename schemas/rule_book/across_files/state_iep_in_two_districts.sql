-- Students with an IEP or services plan in a December file: does another district report one for the same student?
WITH student AS (
    SELECT DISTINCT ON (state_id, district_code, collection__version)
           state_id, district_code, collection__version, submission_id, line_number
    FROM shared_student_core
    WHERE collection__cycle = 'Dec' AND coalesce(try_cast(iep_disability AS INTEGER), 0) <> 0 AND state_id IS NOT NULL
    ORDER BY state_id, district_code, collection__version, submission_id, line_number
)
SELECT here.submission_id, here.line_number, there.state_id IS NOT NULL AS fails,
       there.district_code AS other_district_code, there.submission_id AS other_submission_id,
       there.line_number AS other_line_number
FROM student AS here
LEFT JOIN student AS there
  ON there.state_id = here.state_id AND there.collection__version = here.collection__version
 AND there.district_code <> here.district_code
