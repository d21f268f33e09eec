-- Offenses, where the district has sent June Enrollment and Attendance: was the student enrolled there that day?
SELECT judged.submission_id, judged.line_number,
       NOT EXISTS (
           SELECT 1 FROM standing_student_enrollment_attendance AS segment
           WHERE segment.district_code = judged.district_code AND segment.state_id = judged.state_id
             AND segment.collection__school_year = judged.collection__school_year
             AND judged.offense_date BETWEEN segment.entry_date AND segment.exit_date
       ) AS fails
FROM judged_student_discipline_incident AS judged
JOIN (
    SELECT DISTINCT district_code, collection__school_year FROM standing_file
    WHERE layout = 'student_enrollment_attendance' AND collection__cycle = 'Jun'
) AS other USING (district_code, collection__school_year)
WHERE judged.state_id IS NOT NULL AND judged.offense_date IS NOT NULL
