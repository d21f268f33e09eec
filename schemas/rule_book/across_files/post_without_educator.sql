-- Posts, where the district has sent Educator Core: is the educator in it?
SELECT judged.submission_id, judged.line_number,
       NOT EXISTS (
           SELECT 1 FROM standing_educator_core AS other
           WHERE other.district_code = judged.district_code AND other.educator_id = judged.educator_id
             AND other.collection__school_year = judged.collection__school_year
       ) AS fails
FROM judged_educator_school AS judged
JOIN (SELECT DISTINCT district_code, collection__school_year FROM standing_file WHERE layout = 'educator_core') AS sent
  USING (district_code, collection__school_year)
WHERE judged.educator_id IS NOT NULL
