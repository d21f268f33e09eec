-- Follow-ups, where the district has certified last year's June Enrollment and Attendance: did the student leave to be followed?
WITH leaver AS (
    SELECT district_code, state_id, collection__school_year + 1 AS collection__school_year,
           arg_max(exit_code, (exit_date, line_number)) AS exit_code, arg_max(grade, (exit_date, line_number)) AS grade,
           arg_max(local_student_id, (exit_date, line_number)) AS local_student_id,
           arg_max(reporting_school_code, (exit_date, line_number)) AS school_code,
           arg_max(residency_status, (exit_date, line_number)) AS residency_status,
           bool_or(entry_date < exit_date) AS came
    FROM certified_student_enrollment_attendance
    WHERE collection__cycle = 'Jun' AND state_id IS NOT NULL AND exit_date IS NOT NULL
    GROUP BY ALL
), sent AS (
    SELECT DISTINCT district_code, collection__school_year + 1 AS collection__school_year FROM certified_file
    WHERE layout = 'student_enrollment_attendance' AND collection__cycle = 'Jun'
)
SELECT judged.submission_id, judged.line_number,
       coalesce(leaver.exit_code NOT LIKE 'G%' AND leaver.exit_code NOT LIKE 'D%', true) AS fails,
       coalesce('exit ' || leaver.exit_code || ' last June', 'not in last June''s file') AS value
FROM judged_student_graduate_follow_up AS judged
JOIN sent USING (district_code, collection__school_year)
LEFT JOIN leaver USING (district_code, state_id, collection__school_year)
WHERE judged.state_id IS NOT NULL
