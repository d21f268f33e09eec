-- Boundary entries, where the district has a certified June file of the year before: was the student in it?
SELECT judged.submission_id, judged.line_number,
       NOT EXISTS (
           SELECT 1 FROM certified_student_enrollment_attendance AS earlier
           WHERE earlier.district_code = judged.district_code AND earlier.state_id = judged.state_id
             AND earlier.collection__school_year = judged.collection__school_year - 1 AND earlier.collection__cycle = 'Jun'
       ) AS fails
FROM judged_student_enrollment_attendance AS judged
JOIN (
    SELECT DISTINCT district_code, collection__school_year + 1 AS collection__school_year FROM certified_file
    WHERE layout = 'student_enrollment_attendance' AND collection__cycle = 'Jun'
) AS other USING (district_code, collection__school_year)
WHERE judged.entry_code IN ('R101', 'R102', 'R103') AND judged.state_id IS NOT NULL
