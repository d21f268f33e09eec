-- Students looked up who are in the district's latest Student Core: do they have free meals already?
WITH latest AS (
    SELECT core.* FROM standing_student_core AS core
    JOIN calendar ON calendar.collection__version = core.collection__version
    QUALIFY calendar.window_opens = max(calendar.window_opens) OVER (PARTITION BY core.district_code)
)
SELECT judged.submission_id, judged.line_number, latest.lunch_status = 'F' AS fails,
       'LunchStatus ' || latest.lunch_status || ' in ' || latest.collection__version AS value
FROM judged_direct_certification AS judged
JOIN latest USING (district_code, state_id)
