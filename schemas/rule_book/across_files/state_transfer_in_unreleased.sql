-- Entries from another Missouri district (T102): has another district released the student (T002, T010, T011) in the year up to
-- a week after the entry? Asked when the district that had the student last has sent its file, or the collection was due.
WITH newcomer AS (
    SELECT DISTINCT ON (state_id, district_code, collection__version)
           state_id, district_code, collection__version, collection__school_year, submission_id, line_number, entry_date
    FROM statewide_student_enrollment_attendance
    WHERE collection__cycle = 'Jun' AND entry_code = 'T102' AND state_id IS NOT NULL AND entry_date IS NOT NULL
    ORDER BY state_id, district_code, collection__version, entry_date DESC, submission_id, line_number
), released AS (
    SELECT DISTINCT newcomer.state_id, newcomer.district_code, newcomer.collection__version
    FROM newcomer
    JOIN statewide_student_enrollment_attendance AS there
      ON there.state_id = newcomer.state_id AND there.district_code <> newcomer.district_code
     AND there.exit_code IN ('T002', 'T010', 'T011')
     AND there.exit_date BETWEEN newcomer.entry_date - 366 AND newcomer.entry_date + 7
), earlier AS (
    SELECT newcomer.state_id, newcomer.district_code, newcomer.collection__version,
           there.district_code AS earlier_district, there.submission_id AS earlier_submission,
           there.line_number AS earlier_line, there.entry_date AS since
    FROM newcomer
    JOIN statewide_student_enrollment_attendance AS there
      ON there.state_id = newcomer.state_id AND there.district_code <> newcomer.district_code
     AND there.collection__cycle = 'Jun' AND there.entry_date <= newcomer.entry_date
    UNION ALL
    SELECT newcomer.state_id, newcomer.district_code, newcomer.collection__version,
           there.district_code, there.submission_id, there.line_number, calendar.count_date
    FROM newcomer
    JOIN statewide_student_core AS there
      ON there.state_id = newcomer.state_id AND there.district_code <> newcomer.district_code
    JOIN calendar ON calendar.collection__version = there.collection__version
     AND calendar.count_date BETWEEN newcomer.entry_date - 366 AND newcomer.entry_date
), latest AS (
    SELECT DISTINCT ON (state_id, district_code, collection__version) *
    FROM earlier
    ORDER BY state_id, district_code, collection__version, since DESC, earlier_submission, earlier_line
), judged AS (
    SELECT newcomer.*, released.state_id IS NULL AS fails, latest.* EXCLUDE (state_id, district_code, collection__version),
           EXISTS (
               SELECT 1 FROM statewide_file AS file
               WHERE file.district_code = latest.earlier_district
                 AND file.collection__version = newcomer.collection__version
           ) AS has_sent,
           calendar.due_date + 1 AS after_due
    FROM newcomer
    LEFT JOIN released USING (state_id, district_code, collection__version)
    LEFT JOIN latest USING (state_id, district_code, collection__version)
    LEFT JOIN calendar ON calendar.collection__version = newcomer.collection__version
)
SELECT submission_id, line_number, fails, 'T102' AS value, earlier_district AS other_district_code,
       earlier_submission AS other_submission_id, earlier_line AS other_line_number, 'entered' AS side, state_id,
       collection__version AS context, CASE WHEN has_sent THEN entry_date ELSE after_due END AS opens_on,
       CASE WHEN NOT has_sent THEN earlier_district END AS waits_for
FROM judged
UNION ALL
SELECT earlier_submission, earlier_line, true, NULL, district_code, submission_id, line_number, 'had before', state_id,
       collection__version, CASE WHEN has_sent THEN entry_date ELSE after_due END, NULL
FROM judged WHERE fails AND earlier_submission IS NOT NULL
