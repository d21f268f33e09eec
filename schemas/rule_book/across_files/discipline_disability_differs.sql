-- Removals of students of June Student Core: do both files say whether the student has a disability?
SELECT judged.submission_id, judged.line_number,
       (coalesce(judged.iep_disability, '0') = '0') <> (coalesce(core.iep_disability, '0') = '0') AS fails,
       coalesce(judged.iep_disability, 'blank') || ' (Student Core: ' || coalesce(core.iep_disability, 'blank') || ')' AS value
FROM judged_student_discipline_incident AS judged
JOIN standing_student_core AS core
  ON core.district_code = judged.district_code AND core.state_id = judged.state_id
 AND core.collection__school_year = judged.collection__school_year AND core.collection__cycle = 'Jun'
WHERE core.sped_exit IS NULL
