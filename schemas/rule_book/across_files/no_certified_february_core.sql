-- One row a file: does the district have a certified February Student Core of the same school year?
SELECT judged.submission_id, NULL AS line_number, wanted.collection__version AS value,
       NOT EXISTS (
           SELECT 1 FROM certified_file AS other
           WHERE other.collection__version = wanted.collection__version AND other.district_code = judged.district_code
             AND coalesce(other.trial__school_code = judged.trial__school_code, true)
       ) AS fails
FROM judged_file AS judged
JOIN calendar AS wanted
  ON wanted.layout = 'student_core' AND wanted.collection__cycle = 'Feb'
 AND wanted.collection__school_year = judged.collection__school_year
