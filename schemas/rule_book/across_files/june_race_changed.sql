-- Students of this file who stand in the district's certified October file, too: is race or ethnicity another?
SELECT judged.submission_id, judged.line_number, judged.race_ethnicity <> earlier.race_ethnicity AS fails,
       judged.race_ethnicity || ' (October: ' || earlier.race_ethnicity || ')' AS value
FROM judged_student_core AS judged
JOIN certified_student_core AS earlier
  ON earlier.district_code = judged.district_code AND earlier.state_id = judged.state_id
 AND earlier.collection__school_year = judged.collection__school_year AND earlier.collection__cycle = 'Oct'
