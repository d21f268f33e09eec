-- Students of the certified December child count who stand in this file: does it say that they have no disability?
SELECT judged.submission_id, judged.line_number, judged.iep_disability = '0' AS fails,
       judged.iep_disability || ' (December: ' || december.iep_disability || ')' AS value
FROM judged_student_core AS judged
JOIN certified_student_core AS december
  ON december.district_code = judged.district_code AND december.state_id = judged.state_id
 AND december.collection__school_year = judged.collection__school_year AND december.collection__cycle = 'Dec'
WHERE judged.iep_disability IS NOT NULL AND coalesce(december.iep_disability, '0') <> '0'
