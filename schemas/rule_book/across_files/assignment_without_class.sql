-- Assignments with students, where the district has sent Student Assignment: does anybody stand in the class?
SELECT judged.submission_id, judged.line_number,
       NOT EXISTS (
           SELECT 1 FROM standing_student_assignment AS seat
           WHERE seat.district_code = judged.district_code AND seat.educator_id = judged.educator_id
             AND seat.reporting_school_code = judged.reporting_school_code
             AND seat.assignment_number = judged.assignment_number
             AND seat.collection__school_year = judged.collection__school_year
       ) AS fails
FROM judged_course_assignment AS judged
JOIN (SELECT DISTINCT district_code, collection__school_year FROM standing_file WHERE layout = 'student_assignment') AS sent
  USING (district_code, collection__school_year)
WHERE judged.course_enrollment > 0 AND judged.educator_id IS NOT NULL
