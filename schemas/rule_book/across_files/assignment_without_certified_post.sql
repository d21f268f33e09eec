-- Assignments of an educator, held against the certified Educator School file: is there a post with the same six-field key?
-- Where nothing is certified the file has one finding instead of one a record.
WITH certified_year AS (
    SELECT DISTINCT district_code, collection__school_year FROM certified_file WHERE layout = 'educator_school'
)
SELECT judged.submission_id, judged.line_number, NULL AS value,
       NOT EXISTS (
           SELECT 1 FROM certified_educator_school AS post
           WHERE post.school_year = judged.school_year
             AND post.reporting_district_code = judged.reporting_district_code
             AND post.reporting_school_code = judged.reporting_school_code
             AND post.educator_id = judged.educator_id
             AND post.position_code = judged.position_code
             AND coalesce(post.cte_program_code, '') = coalesce(judged.cte_program_code, '')
       ) AS fails
FROM judged_course_assignment AS judged
JOIN certified_year USING (district_code, collection__school_year)
WHERE judged.educator_id IS NOT NULL
UNION ALL
SELECT file.submission_id, NULL, 'no certified ' || wanted.collection__version, true
FROM judged_file AS file
JOIN calendar AS wanted
  ON wanted.layout = 'educator_school' AND wanted.collection__school_year = file.collection__school_year
WHERE NOT EXISTS (
    SELECT 1 FROM certified_year
    WHERE certified_year.district_code = file.district_code
      AND certified_year.collection__school_year = file.collection__school_year
)
