-- Students with membership: is the sum over all districts more than one full-time student (to the rounding of 0.01)? A
-- resident district that reports beside the attending one is told so by rules of its own.
WITH student AS (
    SELECT state_id, district_code, collection__version, sum(member_fte) AS member_fte,
           arg_min(submission_id, (submission_id, line_number)) AS submission_id,
           any_value(residency_status) AS residency_status, any_value(resident_district_code) AS resident_district_code,
           any_value(attending_district_code) AS attending_district_code,
           arg_min(line_number, (submission_id, line_number)) AS line_number
    FROM shared_student_core
    WHERE member_fte > 0 AND state_id IS NOT NULL AND collection__cycle IN ('Oct', 'Feb')
    GROUP BY ALL
), state AS (
    SELECT state_id, collection__version, sum(member_fte) AS member_fte FROM student GROUP BY ALL
)
SELECT here.submission_id, here.line_number,
       there.state_id IS NOT NULL AND state.member_fte > 1.005 AS fails,
       there.district_code AS other_district_code, there.submission_id AS other_submission_id,
       there.line_number AS other_line_number
FROM student AS here
JOIN state ON state.state_id = here.state_id AND state.collection__version = here.collection__version
LEFT JOIN student AS there
  ON there.state_id = here.state_id AND there.collection__version = here.collection__version
 AND there.district_code <> here.district_code
 AND NOT coalesce(here.residency_status = 'NR' AND here.resident_district_code = there.district_code, false)
 AND NOT coalesce(there.residency_status = 'NR' AND there.resident_district_code = here.district_code, false)
 AND NOT coalesce(here.residency_status = 'R2' AND here.attending_district_code = there.district_code, false)
 AND NOT coalesce(there.residency_status = 'R2' AND there.attending_district_code = here.district_code, false)
