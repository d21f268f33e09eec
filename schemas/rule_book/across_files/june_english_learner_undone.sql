-- Students who were English learners in the certified October or February file: does June say that they never were?
SELECT judged.submission_id, judged.line_number, judged.lep_status = 'NLP' AS fails,
       judged.lep_status || ' (' || earlier.collection__cycle || ': ' || earlier.lep_status || ')' AS value
FROM judged_student_core AS judged
JOIN certified_student_core AS earlier
  ON earlier.district_code = judged.district_code AND earlier.state_id = judged.state_id
 AND earlier.collection__school_year = judged.collection__school_year AND earlier.collection__cycle IN ('Oct', 'Feb')
WHERE earlier.lep_status IN ('RCV', 'NRC')
