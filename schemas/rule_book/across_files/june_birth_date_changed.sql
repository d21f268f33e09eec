-- Children of this June file who stand in the district's certified October file too: is the birth date another?
SELECT judged.submission_id, judged.line_number,
       judged.birth_date <> october.birth_date AS fails,
       strftime(judged.birth_date, '%m/%d/%Y') || ' (October: ' || strftime(october.birth_date, '%m/%d/%Y') || ')' AS value
FROM judged_student_core AS judged
JOIN certified_student_core AS october
  ON october.district_code = judged.district_code AND october.state_id = judged.state_id
 AND october.collection__school_year = judged.collection__school_year AND october.collection__cycle = 'Oct'
