-- Graduates and completers of last year's certified June file: is there a follow-up?
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
)
SELECT judged.submission_id, NULL AS line_number, leaver.state_id, leaver.local_student_id, leaver.school_code,
       leaver.exit_code || ' last June' AS value,
       NOT EXISTS (
           SELECT 1 FROM judged_student_graduate_follow_up AS answer
           WHERE answer.district_code = leaver.district_code AND answer.state_id = leaver.state_id
       ) AS fails
FROM judged_file AS judged
JOIN leaver USING (district_code, collection__school_year)
WHERE leaver.exit_code IN ('G01', 'G02', 'G03')
  AND leaver.came AND coalesce(leaver.residency_status, '') <> 'R2'
  AND (judged.trial__school_code IS NULL OR judged.trial__school_code = leaver.school_code)
