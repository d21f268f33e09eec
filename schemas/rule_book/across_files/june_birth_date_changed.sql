-- Students of this file who stand in the district's certified October file, too: is the birth date another?
SELECT judged.submission_id, judged.line_number, judged.birth_date <> earlier.birth_date AS fails,
       strftime(judged.birth_date, '%m/%d/%Y') || ' (October: ' || strftime(earlier.birth_date, '%m/%d/%Y') || ')' AS value
FROM judged_student_core AS judged
JOIN certified_student_core AS earlier
  ON earlier.district_code = judged.district_code AND earlier.state_id = judged.state_id
 AND earlier.collection__school_year = judged.collection__school_year AND earlier.collection__cycle = 'Oct'
