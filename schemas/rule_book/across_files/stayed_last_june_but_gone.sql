-- Students who stayed (R exit) in last June's certified file: do they have a segment this year?
WITH prior AS (
    SELECT district_code, state_id, collection__school_year + 1 AS collection__school_year,
           arg_max(exit_code, (exit_date, line_number)) AS exit_code, arg_max(grade, (exit_date, line_number)) AS grade
    FROM certified_student_enrollment_attendance
    WHERE collection__cycle = 'Jun' AND state_id IS NOT NULL AND exit_date IS NOT NULL
    GROUP BY ALL
)
SELECT judged.submission_id, NULL AS line_number, prior.state_id,
       NOT EXISTS (
           SELECT 1 FROM judged_student_enrollment_attendance AS now
           WHERE now.district_code = prior.district_code AND now.state_id = prior.state_id
       ) AS fails
FROM judged_file AS judged
JOIN prior USING (district_code, collection__school_year)
WHERE prior.exit_code LIKE 'R%' AND judged.trial__school_code IS NULL
