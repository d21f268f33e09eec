-- Resident II students (R2) and students of the district they attend: do both districts report the same one? The resident
-- district reports a Resident II student, the district that teaches does not.
WITH student AS (
    SELECT DISTINCT ON (state_id, district_code, collection__version, residency_status = 'R2')
           state_id, district_code, collection__version, submission_id, line_number, attending_district_code,
           coalesce(residency_status = 'R2', false) AS is_sent
    FROM shared_student_core
    WHERE state_id IS NOT NULL AND collection__cycle IN ('Oct', 'Dec', 'Feb', 'Apr')
    ORDER BY state_id, district_code, collection__version, residency_status = 'R2', submission_id, line_number
), pair AS (
    SELECT home.submission_id AS home_submission, home.line_number AS home_line, home.district_code AS home_district,
           taught.submission_id AS taught_submission, taught.line_number AS taught_line,
           taught.district_code AS taught_district
    FROM student AS home
    LEFT JOIN student AS taught
      ON taught.state_id = home.state_id AND taught.collection__version = home.collection__version
     AND taught.district_code = home.attending_district_code AND taught.district_code <> home.district_code
     AND NOT taught.is_sent
    WHERE home.is_sent
)
SELECT home_submission AS submission_id, home_line AS line_number, taught_line IS NOT NULL AS fails,
       taught_district AS other_district_code, taught_submission AS other_submission_id,
       taught_line AS other_line_number, 'resident' AS side
FROM pair
UNION ALL
SELECT taught_submission, taught_line, true, home_district, home_submission, home_line, 'attending'
FROM pair WHERE taught_line IS NOT NULL
