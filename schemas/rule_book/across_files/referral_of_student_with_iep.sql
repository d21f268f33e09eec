-- Referrals for an initial evaluation of students of the certified October file: did they have an IEP there already?
SELECT judged.submission_id, judged.line_number, october.iep_disability <> '0' AS fails,
       strftime(judged.referral_date, '%m/%d/%Y') || ' (October: disability ' || october.iep_disability || ')' AS value
FROM judged_referrals AS judged
JOIN certified_student_core AS october
  ON october.district_code = judged.district_code AND october.state_id = judged.state_id
 AND october.collection__school_year = judged.collection__school_year AND october.collection__cycle = 'Oct'
JOIN calendar AS day ON day.collection__version = october.collection__version
WHERE judged.referral_date > day.count_date AND october.iep_disability IS NOT NULL
