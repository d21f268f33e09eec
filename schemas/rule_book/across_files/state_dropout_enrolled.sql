-- Dropouts (D01 to D06): does another district have the student afterwards in the same school year?
WITH dropout AS (
    SELECT DISTINCT ON (state_id, district_code, collection__version)
           state_id, district_code, collection__version, collection__school_year, submission_id, line_number, exit_date,
           exit_code
    FROM shared_student_enrollment_attendance
    WHERE collection__cycle = 'Jun' AND state_id IS NOT NULL AND exit_date IS NOT NULL
    ORDER BY state_id, district_code, collection__version, exit_date DESC, submission_id, line_number
), afterwards AS (
    SELECT dropout.state_id, dropout.district_code, dropout.collection__version,
           there.district_code AS other_district, there.submission_id AS other_submission, there.line_number AS other_line,
           1 AS place
    FROM dropout
    JOIN shared_student_enrollment_attendance AS there
      ON there.state_id = dropout.state_id AND there.district_code <> dropout.district_code
     AND there.collection__version = dropout.collection__version
     AND coalesce(there.exit_date, DATE '2999-12-31') > dropout.exit_date
     AND coalesce(there.regular_hours_attended, 1) > 0
    WHERE dropout.exit_code LIKE 'D0%'
    UNION ALL
    SELECT dropout.state_id, dropout.district_code, dropout.collection__version,
           there.district_code, there.submission_id, there.line_number, 2
    FROM dropout
    JOIN shared_student_core AS there
      ON there.state_id = dropout.state_id AND there.district_code <> dropout.district_code
     AND there.collection__school_year = dropout.collection__school_year AND there.enrolled_on_count_date = 'Y'
    JOIN calendar ON calendar.collection__version = there.collection__version
     AND calendar.count_date > dropout.exit_date
    WHERE dropout.exit_code LIKE 'D0%'
), pair AS (
    SELECT DISTINCT ON (state_id, district_code, collection__version, other_district) *
    FROM dropout LEFT JOIN afterwards USING (state_id, district_code, collection__version)
    WHERE exit_code LIKE 'D0%'
    ORDER BY state_id, district_code, collection__version, other_district, place, other_submission, other_line
)
SELECT submission_id, line_number, other_district IS NOT NULL AS fails, exit_code AS value, other_district AS other_district_code,
       other_submission AS other_submission_id, other_line AS other_line_number, 'dropped out' AS side,
       collection__version AS context
FROM pair
UNION ALL
SELECT other_submission, other_line, true, NULL, district_code, submission_id, line_number, 'enrolled', collection__version
FROM pair WHERE other_district IS NOT NULL
