-- Follow-ups of students of last year's certified June Student Core: is the birth date the same?
SELECT judged.submission_id, judged.line_number, judged.birth_date <> core.birth_date AS fails,
       strftime(judged.birth_date, '%m/%d/%Y') || ' (last June: ' || strftime(core.birth_date, '%m/%d/%Y') || ')' AS value
FROM judged_student_graduate_follow_up AS judged
JOIN certified_student_core AS core
  ON core.district_code = judged.district_code AND core.state_id = judged.state_id
 AND core.collection__school_year = judged.collection__school_year - 1 AND core.collection__cycle = 'Jun'
