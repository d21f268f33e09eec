-- Referrals that led to an IEP, of students of June Student Core: does it have a disability or a special education exit?
SELECT judged.submission_id, judged.line_number,
       coalesce(core.iep_disability, '0') = '0' AND core.sped_exit IS NULL AS fails
FROM judged_referrals AS judged
JOIN standing_student_core AS core
  ON core.district_code = judged.district_code AND core.state_id = judged.state_id
 AND core.collection__school_year = judged.collection__school_year AND core.collection__cycle = 'Jun'
WHERE judged.eligible = 'Y' AND judged.iep_date IS NOT NULL
