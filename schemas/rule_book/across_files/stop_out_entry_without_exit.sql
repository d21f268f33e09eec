-- Stop-out entries: did the student leave any district with a stop-out in the certified June file of the year before?
WITH earlier AS (
    SELECT state_id, collection__school_year, exit_code FROM certified_student_enrollment_attendance
    WHERE collection__cycle = 'Jun'
    UNION ALL
    SELECT state_id, collection__school_year, exit_code FROM elsewhere_certified_student_enrollment_attendance
    WHERE collection__cycle = 'Jun'
), same_year AS (
    SELECT DISTINCT state_id, collection__school_year FROM standing_student_enrollment_attendance WHERE exit_code = 'S001'
)
SELECT judged.submission_id, judged.line_number,
       NOT EXISTS (
           SELECT 1 FROM earlier
           WHERE earlier.state_id = judged.state_id AND earlier.exit_code = 'S001'
             AND earlier.collection__school_year = judged.collection__school_year - 1
       ) AND NOT EXISTS (
           SELECT 1 FROM same_year
           WHERE same_year.state_id = judged.state_id
             AND same_year.collection__school_year = judged.collection__school_year
       ) AS fails
FROM judged_student_enrollment_attendance AS judged
WHERE judged.entry_code = 'S101' AND judged.state_id IS NOT NULL
  AND EXISTS (SELECT 1 FROM earlier WHERE earlier.collection__school_year = judged.collection__school_year - 1)
