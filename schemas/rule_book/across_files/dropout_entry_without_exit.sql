-- Entries after dropping out of students of last June's certified file of the district: did they drop out there?
WITH prior AS (
    SELECT district_code, state_id, collection__school_year + 1 AS collection__school_year,
           arg_max(exit_code, (exit_date, line_number)) AS exit_code, arg_max(grade, (exit_date, line_number)) AS grade
    FROM certified_student_enrollment_attendance
    WHERE collection__cycle = 'Jun' AND state_id IS NOT NULL AND exit_date IS NOT NULL
    GROUP BY ALL
)
SELECT judged.submission_id, judged.line_number, prior.exit_code NOT LIKE 'D%' AS fails,
       judged.entry_code || ' (last June: ' || prior.exit_code || ')' AS value
FROM judged_student_enrollment_attendance AS judged
JOIN prior USING (district_code, state_id, collection__school_year)
WHERE judged.entry_code = 'D101' AND prior.exit_code NOT LIKE 'T%'
