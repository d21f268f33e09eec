-- Graduates and completers (G01 to G03): does another district have the student afterwards?
WITH graduate AS (
    SELECT DISTINCT ON (state_id, district_code, collection__version)
           state_id, district_code, collection__version, submission_id, line_number, exit_date, exit_code
    FROM shared_student_enrollment_attendance
    WHERE collection__cycle = 'Jun' AND exit_code IN ('G01', 'G02', 'G03') AND state_id IS NOT NULL
      AND exit_date IS NOT NULL
    ORDER BY state_id, district_code, collection__version, exit_date DESC, submission_id, line_number
), afterwards AS (
    SELECT graduate.state_id, graduate.district_code, graduate.collection__version,
           there.district_code AS other_district, there.submission_id AS other_submission, there.line_number AS other_line,
           1 AS place
    FROM graduate
    JOIN shared_student_enrollment_attendance AS there
      ON there.state_id = graduate.state_id AND there.district_code <> graduate.district_code
     AND there.collection__cycle = 'Jun' AND there.entry_date > graduate.exit_date
    UNION ALL
    SELECT graduate.state_id, graduate.district_code, graduate.collection__version,
           there.district_code, there.submission_id, there.line_number, 2
    FROM graduate
    JOIN shared_student_core AS there
      ON there.state_id = graduate.state_id AND there.district_code <> graduate.district_code
     AND there.enrolled_on_count_date = 'Y'
    JOIN calendar ON calendar.collection__version = there.collection__version
     AND calendar.count_date > graduate.exit_date
), pair AS (
    SELECT DISTINCT ON (state_id, district_code, collection__version, other_district) *
    FROM graduate LEFT JOIN afterwards USING (state_id, district_code, collection__version)
    ORDER BY state_id, district_code, collection__version, other_district, place, other_submission, other_line
)
SELECT submission_id, line_number, other_district IS NOT NULL AS fails, exit_code AS value, other_district AS other_district_code,
       other_submission AS other_submission_id, other_line AS other_line_number, 'graduated' AS side,
       collection__version AS context
FROM pair
UNION ALL
SELECT other_submission, other_line, true, NULL, district_code, submission_id, line_number, 'enrolled', collection__version
FROM pair WHERE other_district IS NOT NULL
