-- Students looked up, where the district has sent a Student Core file: are they in the latest one?
WITH latest AS (
    SELECT core.* FROM standing_student_core AS core
    JOIN calendar ON calendar.collection__version = core.collection__version
    QUALIFY calendar.window_opens = max(calendar.window_opens) OVER (PARTITION BY core.district_code)
)
SELECT judged.submission_id, judged.line_number,
       NOT EXISTS (
           SELECT 1 FROM latest WHERE latest.district_code = judged.district_code AND latest.state_id = judged.state_id
       ) AS fails
FROM judged_direct_certification AS judged
JOIN (SELECT DISTINCT district_code FROM standing_file WHERE layout = 'student_core') AS sent USING (district_code)
WHERE judged.state_id IS NOT NULL
