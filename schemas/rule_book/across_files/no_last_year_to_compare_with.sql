-- One row a file, once any district has certified the June Enrollment and Attendance of the school year before: has this one?
SELECT judged.submission_id, NULL AS line_number, wanted.collection__version AS value,
       NOT EXISTS (
           SELECT 1 FROM certified_file AS other
           WHERE other.collection__version = wanted.collection__version AND other.district_code = judged.district_code
             AND coalesce(other.trial__school_code = judged.trial__school_code, true)
       ) AS fails
FROM judged_file AS judged
JOIN calendar AS wanted
  ON wanted.layout = 'student_enrollment_attendance' AND wanted.collection__cycle = 'Jun'
 AND wanted.collection__school_year = judged.collection__school_year - 1
WHERE EXISTS (
    SELECT 1 FROM statewide_file AS any_file
    WHERE any_file.collection__version = wanted.collection__version AND any_file.is_certified
)
