-- Career education students who left with D05 in last year's certified June files: is there a follow-up?
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
), core AS (
    SELECT district_code, state_id, collection__school_year + 1 AS collection__school_year,
           any_value(career_ed) AS career_ed, any_value(iep_disability) AS iep_disability
    FROM certified_student_core WHERE collection__cycle = 'Jun' AND state_id IS NOT NULL GROUP BY ALL
)
SELECT judged.submission_id, NULL AS line_number, leaver.state_id, leaver.local_student_id, leaver.school_code,
       leaver.exit_code || ' last June' AS value,
       NOT EXISTS (
           SELECT 1 FROM judged_student_graduate_follow_up AS answer
           WHERE answer.district_code = leaver.district_code AND answer.state_id = leaver.state_id
       ) AS fails
FROM judged_file AS judged
JOIN leaver USING (district_code, collection__school_year)
JOIN core USING (district_code, state_id, collection__school_year)
WHERE leaver.exit_code = 'D05' AND leaver.grade IN ('09', '10', '11', '12') AND core.career_ed IN ('CHS', 'CNP', 'CTP', 'CNT')
  AND leaver.came AND coalesce(leaver.residency_status, '') <> 'R2'
  AND (judged.trial__school_code IS NULL OR judged.trial__school_code = leaver.school_code)
