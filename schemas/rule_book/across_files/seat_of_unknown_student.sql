-- Students' classes (adults excepted), where the district has sent the October Student Core: is the student in it?
SELECT judged.submission_id, judged.line_number,
       NOT EXISTS (
           SELECT 1 FROM standing_student_core AS core
           WHERE core.district_code = judged.district_code AND core.state_id = judged.state_id
             AND core.collection__school_year = judged.collection__school_year AND core.collection__cycle = 'Oct'
       ) AS fails
FROM judged_student_assignment AS judged
JOIN (
    SELECT DISTINCT district_code, collection__school_year FROM standing_file
    WHERE layout = 'student_core' AND collection__cycle = 'Oct'
) AS sent USING (district_code, collection__school_year)
WHERE judged.state_id IS NOT NULL AND coalesce(judged.adult, 'N') = 'N'
