-- Students enrolled on the count date in certified October and February files: does a segment cover that day?
SELECT judged.submission_id, NULL AS line_number, core.state_id, core.local_student_id,
       core.reporting_school_code AS school_code, core.collection__version AS value,
       NOT EXISTS (
           SELECT 1 FROM judged_student_enrollment_attendance AS segment
           WHERE segment.district_code = core.district_code AND segment.state_id = core.state_id
             AND day.count_date BETWEEN segment.entry_date AND segment.exit_date
       ) AS fails
FROM judged_file AS judged
JOIN certified_student_core AS core
  ON core.district_code = judged.district_code AND core.collection__school_year = judged.collection__school_year
JOIN calendar AS day ON day.collection__version = core.collection__version
WHERE core.collection__cycle IN ('Oct', 'Feb') AND core.state_id IS NOT NULL AND core.enrolled_on_count_date = 'Y'
  AND (judged.trial__school_code IS NULL OR judged.trial__school_code = core.reporting_school_code)
