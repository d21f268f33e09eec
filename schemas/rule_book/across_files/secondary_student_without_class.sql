-- Students of grades 09 to 12, enrolled on the count date, where the district has sent Student Assignment: have they a class?
SELECT judged.submission_id, judged.line_number,
       NOT EXISTS (
           SELECT 1 FROM standing_student_assignment AS seat
           WHERE seat.district_code = judged.district_code AND seat.state_id = judged.state_id
             AND seat.collection__school_year = judged.collection__school_year
       ) AS fails
FROM judged_student_core AS judged
JOIN (SELECT DISTINCT district_code, collection__school_year FROM standing_file WHERE layout = 'student_assignment') AS sent
  USING (district_code, collection__school_year)
WHERE judged.state_id IS NOT NULL AND judged.grade IN ('09', '10', '11', '12') AND judged.enrolled_on_count_date = 'Y'
  AND judged.attending_district_code = judged.reporting_district_code
