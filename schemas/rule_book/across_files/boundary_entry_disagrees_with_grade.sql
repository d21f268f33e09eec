-- Boundary entries of students of last year's certified June file: does the grade go with advanced (R101) or retained (R102)?
WITH prior AS (
    SELECT district_code, state_id, collection__school_year + 1 AS collection__school_year,
           arg_max(exit_code, (exit_date, line_number)) AS exit_code, arg_max(grade, (exit_date, line_number)) AS grade
    FROM certified_student_enrollment_attendance
    WHERE collection__cycle = 'Jun' AND state_id IS NOT NULL AND exit_date IS NOT NULL
    GROUP BY ALL
), grades AS (
    SELECT unnest(['PK', 'K', '01', '02', '03', '04', '05', '06', '07', '08', '09', '10', '11', '12']) AS grade,
           unnest(range(14)) AS step
)
SELECT judged.submission_id, judged.line_number,
       CASE judged.entry_code WHEN 'R101' THEN now.step <= earlier.step ELSE now.step <> earlier.step END AS fails,
       judged.entry_code || ', grade ' || judged.grade || ' (last June: ' || prior.grade || ')' AS value
FROM judged_student_enrollment_attendance AS judged
JOIN prior USING (district_code, state_id, collection__school_year)
JOIN grades AS now ON now.grade = judged.grade
JOIN grades AS earlier ON earlier.grade = prior.grade
WHERE judged.entry_code IN ('R101', 'R102')
