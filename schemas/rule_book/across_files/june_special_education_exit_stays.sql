-- Students with a special education exit (01 and 17 excepted) and segments in June: did the last one end by leaving?
WITH last AS (
    SELECT district_code, state_id, collection__school_year,
           arg_max(exit_code, (exit_date, line_number)) AS exit_code, arg_max(grade, (exit_date, line_number)) AS grade,
           min(entry_date) AS entry_date, arg_max(birth_date, (exit_date, line_number)) AS birth_date
    FROM standing_student_enrollment_attendance
    WHERE collection__cycle = 'Jun' AND state_id IS NOT NULL AND exit_date IS NOT NULL
    GROUP BY ALL
)
SELECT judged.submission_id, judged.line_number, last.exit_code LIKE 'R%' AS fails,
       judged.sped_exit || ' (last exit: ' || last.exit_code || ')' AS value
FROM judged_student_core AS judged
JOIN last USING (district_code, state_id, collection__school_year)
WHERE judged.sped_exit NOT IN ('01', '17') AND last.exit_code IS NOT NULL
