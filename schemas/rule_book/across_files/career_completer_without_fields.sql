-- Follow-ups of career education leavers (CHS, CNP; exits D05, G01, G03) of last June: are all their fields filled?
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
SELECT judged.submission_id, judged.line_number,
       judged.cte_attending_district_code IS NULL OR judged.cte_attending_school_code IS NULL
       OR judged.iep_disabled IS NULL OR judged.disadvantaged IS NULL OR judged.cte_place_relation IS NULL
       OR judged.cip_code IS NULL OR judged.cte_program_code IS NULL AS fails,
       'empty: ' || concat_ws(', ',
           CASE WHEN judged.cte_attending_district_code IS NULL THEN 'CTEAttendingDistrictCode' END,
           CASE WHEN judged.cte_attending_school_code IS NULL THEN 'CTEAttendingSchoolCode' END,
           CASE WHEN judged.iep_disabled IS NULL THEN 'IEPDisabled' END,
           CASE WHEN judged.disadvantaged IS NULL THEN 'Disadvantaged' END,
           CASE WHEN judged.cte_place_relation IS NULL THEN 'CTEPlaceRelation' END,
           CASE WHEN judged.cip_code IS NULL THEN 'CIPCode' END,
           CASE WHEN judged.cte_program_code IS NULL THEN 'CTEProgramCode' END
       ) AS value
FROM judged_student_graduate_follow_up AS judged
JOIN leaver USING (district_code, state_id, collection__school_year)
JOIN core USING (district_code, state_id, collection__school_year)
WHERE core.career_ed IN ('CHS', 'CNP') AND leaver.exit_code IN ('D05', 'G01', 'G03')
