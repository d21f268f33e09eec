-- Students of last June's certified file: is somebody who graduated there enrolled again in the same district?
WITH prior AS (
    SELECT district_code, state_id, collection__school_year + 1 AS collection__school_year,
           arg_max(exit_code, (exit_date, line_number)) AS exit_code, arg_max(grade, (exit_date, line_number)) AS grade
    FROM certified_student_enrollment_attendance
    WHERE collection__cycle = 'Jun' AND state_id IS NOT NULL AND exit_date IS NOT NULL
    GROUP BY ALL
)
SELECT judged.submission_id, judged.line_number, prior.exit_code LIKE 'G%' AS fails,
       judged.entry_code || ' (last June: ' || prior.exit_code || ')' AS value
FROM judged_student_enrollment_attendance AS judged
JOIN prior USING (district_code, state_id, collection__school_year)
