-- Students who left any district as a dropout in its certified June file of the year before: did a stop-out entry cure it?
WITH earlier AS (
    SELECT district_code, state_id, collection__school_year, exit_code, exit_date, line_number
    FROM certified_student_enrollment_attendance WHERE collection__cycle = 'Jun'
    UNION ALL
    SELECT district_code, state_id, collection__school_year, exit_code, exit_date, line_number
    FROM elsewhere_certified_student_enrollment_attendance WHERE collection__cycle = 'Jun'
), last AS (
    SELECT state_id, collection__school_year + 1 AS collection__school_year,
           arg_max(exit_code, (exit_date, line_number)) AS exit_code,
           arg_max(district_code, (exit_date, line_number)) AS district_code
    FROM earlier WHERE state_id IS NOT NULL AND exit_date IS NOT NULL GROUP BY ALL
), back AS (
    SELECT state_id, collection__school_year, entry_date FROM standing_student_enrollment_attendance
    WHERE entry_code = 'S101'
    UNION ALL
    SELECT state_id, collection__school_year, entry_date FROM elsewhere_standing_student_enrollment_attendance
    WHERE entry_code = 'S101'
)
SELECT judged.submission_id, judged.line_number,
       NOT EXISTS (
           SELECT 1 FROM back
           JOIN calendar AS october
             ON october.layout = 'student_core' AND october.collection__cycle = 'Oct'
            AND october.collection__school_year = back.collection__school_year
           WHERE back.state_id = judged.state_id AND back.collection__school_year = judged.collection__school_year
             AND back.entry_date <= october.count_date
       ) AS fails,
       nullif(last.district_code, judged.district_code) AS other_district_code
FROM judged_student_core AS judged
JOIN last USING (state_id, collection__school_year)
WHERE last.exit_code LIKE 'D%'
