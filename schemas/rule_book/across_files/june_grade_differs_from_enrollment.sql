-- Students of this file with a segment in June Enrollment and Attendance: is the grade that of the last one?
WITH last AS (
    SELECT district_code, state_id, collection__school_year,
           arg_max(exit_code, (exit_date, line_number)) AS exit_code, arg_max(grade, (exit_date, line_number)) AS grade,
           min(entry_date) AS entry_date, arg_max(birth_date, (exit_date, line_number)) AS birth_date
    FROM standing_student_enrollment_attendance
    WHERE collection__cycle = 'Jun' AND state_id IS NOT NULL AND exit_date IS NOT NULL
    GROUP BY ALL
)
SELECT judged.submission_id, judged.line_number, judged.grade <> last.grade AS fails,
       judged.grade || ' (Enrollment and Attendance: ' || last.grade || ')' AS value
FROM judged_student_core AS judged
JOIN last USING (district_code, state_id, collection__school_year)
WHERE judged.grade IS NOT NULL AND last.grade IS NOT NULL
