-- Students enrolled on the count date: does another district say the same? Part-time pupils (PT) may be in two, and a resident
-- district that reports beside the attending one is told so by rules of its own.
WITH student AS (
    SELECT DISTINCT ON (state_id, district_code, collection__version)
           state_id, district_code, collection__version, submission_id, line_number, residency_status,
           resident_district_code, attending_district_code
    FROM shared_student_core
    WHERE enrolled_on_count_date = 'Y' AND residency_status IS DISTINCT FROM 'PT' AND state_id IS NOT NULL
      AND collection__cycle IN ('Oct', 'Dec', 'Feb', 'Apr')
    ORDER BY state_id, district_code, collection__version, submission_id, line_number
)
SELECT here.submission_id, here.line_number, there.state_id IS NOT NULL AS fails,
       there.district_code AS other_district_code, there.submission_id AS other_submission_id,
       there.line_number AS other_line_number
FROM student AS here
LEFT JOIN student AS there
  ON there.state_id = here.state_id AND there.collection__version = here.collection__version
 AND there.district_code <> here.district_code
 AND NOT coalesce(here.residency_status = 'NR' AND here.resident_district_code = there.district_code, false)
 AND NOT coalesce(there.residency_status = 'NR' AND there.resident_district_code = here.district_code, false)
 AND NOT coalesce(here.residency_status = 'R2' AND here.attending_district_code = there.district_code, false)
 AND NOT coalesce(there.residency_status = 'R2' AND there.attending_district_code = here.district_code, false)
