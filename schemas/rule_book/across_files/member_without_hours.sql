-- Students counted for membership in certified October or February files: did they attend an hour in the year?
WITH hours AS (
    SELECT district_code, state_id, submission_id, sum(coalesce(regular_hours_attended, 0)) AS attended,
           arg_min(line_number, (entry_date, line_number)) AS line_number
    FROM judged_student_enrollment_attendance
    WHERE state_id IS NOT NULL
    GROUP BY ALL
)
SELECT hours.submission_id, hours.line_number, hours.attended = 0 AS fails,
       '0 hours (MemberFTE ' || core.member_fte || ' in ' || core.collection__version || ')' AS value
FROM hours
JOIN certified_student_core AS core USING (district_code, state_id)
JOIN judged_file AS judged
  ON judged.submission_id = hours.submission_id AND judged.collection__school_year = core.collection__school_year
WHERE core.collection__cycle IN ('Oct', 'Feb') AND core.enrolled_on_count_date = 'Y' AND core.one_prior_ten = 'Y'
  AND core.member_fte > 0
