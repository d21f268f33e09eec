-- Students of this file who stand in the district's certified October file, too: is the grade lower, or more than one higher?
WITH grades AS (
    SELECT unnest(['PK', 'K', '01', '02', '03', '04', '05', '06', '07', '08', '09', '10', '11', '12']) AS grade,
           unnest(range(14)) AS step
)
SELECT judged.submission_id, judged.line_number, now.step - earlier.step NOT BETWEEN 0 AND 1 AS fails,
       judged.grade || ' (October: ' || october.grade || ')' AS value
FROM judged_student_core AS judged
JOIN certified_student_core AS october
  ON october.district_code = judged.district_code AND october.state_id = judged.state_id
 AND october.collection__school_year = judged.collection__school_year AND october.collection__cycle = 'Oct'
JOIN grades AS now ON now.grade = judged.grade
JOIN grades AS earlier ON earlier.grade = october.grade
