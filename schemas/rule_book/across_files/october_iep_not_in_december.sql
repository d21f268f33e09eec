-- Students with an IEP, enrolled on the count date in the certified October file: are they in the December child count?
SELECT judged.submission_id, NULL AS line_number, october.state_id, october.local_student_id,
       october.reporting_school_code AS school_code,
       NOT EXISTS (
           SELECT 1 FROM judged_student_core AS december
           WHERE december.district_code = october.district_code AND december.state_id = october.state_id
       ) AS fails
FROM judged_file AS judged
JOIN certified_student_core AS october
  ON october.district_code = judged.district_code AND october.collection__cycle = 'Oct'
 AND october.collection__school_year = judged.collection__school_year
WHERE october.state_id IS NOT NULL AND october.enrolled_on_count_date = 'Y' AND coalesce(october.iep_disability, '0') <> '0'
  AND (judged.trial__school_code IS NULL OR judged.trial__school_code = october.reporting_school_code)
