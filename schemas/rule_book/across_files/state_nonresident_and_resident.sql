-- Non-resident students (NR) and students of their resident district: do both districts report the same one? The attending
-- district reports a non-resident, the resident district does not.
WITH student AS (
    SELECT DISTINCT ON (state_id, district_code, collection__version, residency_status = 'NR')
           state_id, district_code, collection__version, submission_id, line_number, resident_district_code,
           coalesce(residency_status = 'NR', false) AS is_visitor
    FROM shared_student_core
    WHERE state_id IS NOT NULL AND collection__cycle IN ('Oct', 'Dec', 'Feb', 'Apr')
    ORDER BY state_id, district_code, collection__version, residency_status = 'NR', submission_id, line_number
), pair AS (
    SELECT visitor.submission_id AS visitor_submission, visitor.line_number AS visitor_line,
           visitor.district_code AS visitor_district, home.submission_id AS home_submission,
           home.line_number AS home_line, home.district_code AS home_district
    FROM student AS visitor
    LEFT JOIN student AS home
      ON home.state_id = visitor.state_id AND home.collection__version = visitor.collection__version
     AND home.district_code = visitor.resident_district_code AND home.district_code <> visitor.district_code
     AND NOT home.is_visitor
    WHERE visitor.is_visitor
)
SELECT visitor_submission AS submission_id, visitor_line AS line_number, home_line IS NOT NULL AS fails,
       home_district AS other_district_code, home_submission AS other_submission_id, home_line AS other_line_number,
       'attending' AS side
FROM pair
UNION ALL
SELECT home_submission, home_line, true, visitor_district, visitor_submission, visitor_line, 'resident'
FROM pair WHERE home_line IS NOT NULL
