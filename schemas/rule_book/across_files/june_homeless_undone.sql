-- Students who were homeless in any certified file of the school year: does June say that they never were?
SELECT judged.submission_id, judged.line_number, coalesce(judged.homeless, 'NH') = 'NH' AS fails,
       coalesce(judged.homeless, 'blank') || ' (' || earlier.collection__cycle || ': ' || earlier.homeless || ')' AS value
FROM judged_student_core AS judged
JOIN certified_student_core AS earlier
  ON earlier.district_code = judged.district_code AND earlier.state_id = judged.state_id
 AND earlier.collection__school_year = judged.collection__school_year AND earlier.collection__cycle <> 'Jun'
WHERE earlier.homeless <> 'NH'
