-- Students' classes, where the district has sent Course Assignment: is there an assignment with that key?
SELECT judged.submission_id, judged.line_number,
       NOT EXISTS (
           SELECT 1 FROM standing_course_assignment AS course
           WHERE course.district_code = judged.district_code AND course.educator_id = judged.educator_id
             AND course.reporting_school_code = judged.reporting_school_code
             AND course.assignment_number = judged.assignment_number
             AND coalesce(course.position_code, '') = coalesce(judged.position_code, '')
             AND coalesce(course.cte_program_code, '') = coalesce(judged.cte_program_code, '')
             AND course.collection__school_year = judged.collection__school_year
       ) AS fails
FROM judged_student_assignment AS judged
JOIN (SELECT DISTINCT district_code, collection__school_year FROM standing_file WHERE layout = 'course_assignment') AS sent
  USING (district_code, collection__school_year)
WHERE judged.educator_id IS NOT NULL AND judged.assignment_number IS NOT NULL
