-- Students enrolled on the count date in the certified October file: are they in this June file, or reported as having left?
SELECT judged.submission_id, NULL AS line_number, earlier.state_id, earlier.local_student_id,
       earlier.reporting_school_code AS school_code,
       NOT EXISTS (
           SELECT 1 FROM judged_student_core AS june
           WHERE june.district_code = earlier.district_code AND june.state_id = earlier.state_id
       ) AND NOT EXISTS (
           SELECT 1 FROM standing_student_enrollment_attendance AS segment
           WHERE segment.district_code = earlier.district_code AND segment.state_id = earlier.state_id
             AND segment.collection__school_year = earlier.collection__school_year AND segment.collection__cycle = 'Jun'
       ) AS fails
FROM judged_file AS judged
JOIN certified_student_core AS earlier
  ON earlier.district_code = judged.district_code AND earlier.collection__cycle = 'Oct'
 AND earlier.collection__school_year = judged.collection__school_year
WHERE earlier.state_id IS NOT NULL AND earlier.enrolled_on_count_date = 'Y'
  AND (judged.trial__school_code IS NULL OR judged.trial__school_code = earlier.reporting_school_code)
