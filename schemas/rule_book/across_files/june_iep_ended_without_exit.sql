-- Students with an IEP in the certified December file who stand in this June file: do they still have one, or an exit?
SELECT judged.submission_id, judged.line_number,
       coalesce(judged.iep_disability, '0') = '0' AND judged.sped_exit IS NULL AS fails,
       coalesce(judged.iep_disability, 'blank') || ' (December: ' || december.iep_disability || ')' AS value
FROM judged_student_core AS judged
JOIN certified_student_core AS december
  ON december.district_code = judged.district_code AND december.state_id = judged.state_id
 AND december.collection__school_year = judged.collection__school_year AND december.collection__cycle = 'Dec'
WHERE coalesce(december.iep_disability, '0') <> '0'
