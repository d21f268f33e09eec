-- Teachers (position 60), where the district has sent Course Assignment: do they have an assignment at that school?
SELECT judged.submission_id, judged.line_number,
       NOT EXISTS (
           SELECT 1 FROM standing_course_assignment AS other
           WHERE other.district_code = judged.district_code AND other.educator_id = judged.educator_id
             AND other.reporting_school_code = judged.reporting_school_code
             AND other.collection__school_year = judged.collection__school_year
       ) AS fails
FROM judged_educator_school AS judged
JOIN (SELECT DISTINCT district_code, collection__school_year FROM standing_file WHERE layout = 'course_assignment') AS sent
  USING (district_code, collection__school_year)
WHERE judged.position_code = '60' AND judged.educator_id IS NOT NULL
