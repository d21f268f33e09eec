-- Exits to another Missouri district (T002, T010, T011): does another district have the student afterwards, enrolled and
-- attending? Asked 30 days after the exit, and not before the district named has sent its file or the collection was due.
WITH leaver AS (
    SELECT DISTINCT ON (state_id, district_code, collection__version)
           state_id, district_code, collection__version, collection__school_year, submission_id, line_number, exit_date,
           CASE WHEN exit_dest_district_code <> district_code THEN exit_dest_district_code END AS named_district,
           exit_code
    FROM statewide_student_enrollment_attendance
    WHERE collection__cycle = 'Jun' AND state_id IS NOT NULL AND exit_date IS NOT NULL
    ORDER BY state_id, district_code, collection__version, exit_date DESC, submission_id, line_number
), seen_after AS (
    SELECT leaver.state_id, leaver.district_code, leaver.collection__version
    FROM leaver
    JOIN statewide_student_enrollment_attendance AS there
      ON there.state_id = leaver.state_id AND there.district_code <> leaver.district_code
     AND coalesce(there.exit_date, DATE '2999-12-31') > leaver.exit_date
     AND coalesce(there.regular_hours_attended, 1) > 0 AND there.collection__cycle = 'Jun'
    UNION
    SELECT leaver.state_id, leaver.district_code, leaver.collection__version
    FROM leaver
    JOIN statewide_student_core AS there
      ON there.state_id = leaver.state_id AND there.district_code <> leaver.district_code
     AND there.enrolled_on_count_date = 'Y'
    JOIN calendar ON calendar.collection__version = there.collection__version
     AND calendar.count_date > leaver.exit_date
), named_file AS (
    SELECT district_code, collection__version, min(submission_id) AS submission_id
    FROM statewide_file WHERE layout = 'student_enrollment_attendance' GROUP BY ALL
), judged AS (
    SELECT leaver.*, seen_after.state_id IS NULL AS fails, named_file.submission_id AS named_submission,
           CASE WHEN named_file.submission_id IS NOT NULL THEN leaver.exit_date + 30
                ELSE greatest(leaver.exit_date + 30, calendar.due_date + 1) END AS opens_on
    FROM leaver
    LEFT JOIN seen_after USING (state_id, district_code, collection__version)
    LEFT JOIN named_file
      ON named_file.district_code = leaver.named_district
     AND named_file.collection__version = leaver.collection__version
    LEFT JOIN calendar ON calendar.collection__version = leaver.collection__version
    WHERE leaver.exit_code IN ('T002', 'T010', 'T011')
)
SELECT submission_id, line_number, fails, exit_code AS value, named_district AS other_district_code,
       named_submission AS other_submission_id, NULL AS other_line_number, 'left' AS side, state_id, opens_on,
       CASE WHEN named_submission IS NULL THEN named_district END AS waits_for
FROM judged
UNION ALL
SELECT named_submission, NULL, true, NULL, district_code, submission_id, line_number, 'named', state_id, opens_on, NULL
FROM judged WHERE fails AND named_submission IS NOT NULL
