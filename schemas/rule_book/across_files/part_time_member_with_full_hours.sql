-- Students of at most half membership in the certified October file: do the hours of the year look like full time?
WITH hours AS (
    SELECT district_code, state_id, submission_id,
           sum(coalesce(regular_hours_attended, 0) + coalesce(regular_hours_absent, 0)) AS hours,
           sum(hours_in_session) AS in_session, arg_min(line_number, (entry_date, line_number)) AS line_number
    FROM judged_student_enrollment_attendance
    WHERE state_id IS NOT NULL
    GROUP BY ALL
)
SELECT hours.submission_id, hours.line_number, hours.hours > 0.9 * hours.in_session AS fails,
       hours.hours || ' of ' || hours.in_session || ' hours (MemberFTE ' || core.member_fte || ')' AS value
FROM hours
JOIN certified_student_core AS core USING (district_code, state_id)
JOIN judged_file AS judged
  ON judged.submission_id = hours.submission_id AND judged.collection__school_year = core.collection__school_year
WHERE core.collection__cycle = 'Oct' AND core.member_fte BETWEEN 0.01 AND 0.5 AND hours.in_session > 0
