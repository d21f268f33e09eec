-- Students with an IEP in June and none in the certified October file, where the district has sent Referrals: is there one?
SELECT judged.submission_id, judged.line_number,
       NOT EXISTS (
           SELECT 1 FROM standing_referrals AS referral
           WHERE referral.district_code = judged.district_code AND referral.state_id = judged.state_id
             AND referral.collection__school_year = judged.collection__school_year
       ) AS fails
FROM judged_student_core AS judged
JOIN certified_student_core AS october
  ON october.district_code = judged.district_code AND october.state_id = judged.state_id
 AND october.collection__school_year = judged.collection__school_year AND october.collection__cycle = 'Oct'
JOIN (SELECT DISTINCT district_code, collection__school_year FROM standing_file WHERE layout = 'referrals') AS other
  ON other.district_code = judged.district_code AND other.collection__school_year = judged.collection__school_year
WHERE coalesce(judged.iep_disability, '0') <> '0' AND october.iep_disability = '0'
