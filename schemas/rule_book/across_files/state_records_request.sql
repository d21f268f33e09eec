-- Students who are new in a district in this school year: which other district had them last? It is asked for the records within
-- two business days of the day on which the state first heard of the enrolment, and answers within five (RSMo 167.020).
-- Enrollment and Attendance is no news of an arrival (summer school, and June looks back): there the Student Core file counts.
WITH arrival AS (
    SELECT DISTINCT ON (state_id, district_code)
           state_id, district_code, source_submission_id, source_line,
           min(first_school_year) OVER (PARTITION BY state_id, district_code) AS first_school_year,
           layout <> 'student_enrollment_attendance' AS is_news,
           CASE WHEN layout <> 'student_enrollment_attendance' THEN first_seen_at ELSE last_seen_at END AS first_seen_at
    FROM identity_record ORDER BY state_id, district_code, layout = 'student_enrollment_attendance',
             identity_record.first_seen_at, source_submission_id, source_line
), newest AS (
    SELECT DISTINCT ON (record.state_id, record.district_code)
           record.state_id, record.district_code, record.collection__version, record.submission_id, record.line_number
    FROM shared_student_core AS record
    JOIN calendar ON calendar.collection__version = record.collection__version
    WHERE record.state_id IS NOT NULL
    ORDER BY record.state_id, record.district_code, record.collection__school_year DESC, calendar.due_date DESC,
             record.submission_id, record.line_number
), moved AS (
    SELECT DISTINCT ON (arrival.state_id, arrival.district_code)
           arrival.state_id, arrival.district_code, arrival.first_seen_at, arrival.first_school_year,
           arrival.source_submission_id, arrival.source_line, arrival.is_news, earlier.district_code AS earlier_district,
           earlier.source_submission_id AS earlier_source, earlier.source_line AS earlier_source_line
    FROM arrival
    JOIN today ON arrival.first_school_year = today.school_year
    JOIN identity_record AS earlier
      ON earlier.state_id = arrival.state_id AND earlier.district_code <> arrival.district_code
     AND earlier.first_seen_at < arrival.first_seen_at
     AND earlier.last_school_year >= arrival.first_school_year - 1
    ORDER BY arrival.state_id, arrival.district_code, earlier.last_school_year DESC, earlier.last_seen_at DESC,
             earlier.district_code, earlier.source_submission_id, earlier.source_line
), judged AS (
    SELECT moved.state_id, moved.district_code, moved.first_school_year, moved.earlier_district,
           coalesce(here.submission_id, moved.source_submission_id) AS submission_id,
           coalesce(here.line_number, moved.source_line) AS line_number,
           coalesce(there.submission_id, moved.earlier_source) AS earlier_submission,
           coalesce(there.line_number, moved.earlier_source_line) AS earlier_line,
           coalesce(here.collection__version <> there.collection__version, true) AS fails,
           law.request_by, law.answer_by
    FROM moved
    JOIN records_request AS law
      ON moved.first_seen_at >= law.begins_at AND moved.first_seen_at < law.ends_at
    LEFT JOIN newest AS here ON here.state_id = moved.state_id AND here.district_code = moved.district_code
    LEFT JOIN newest AS there ON there.state_id = moved.state_id AND there.district_code = moved.earlier_district
    WHERE moved.is_news OR here.submission_id IS NOT NULL
)
SELECT submission_id, line_number, fails, NULL AS value, earlier_district AS other_district_code,
       earlier_submission AS other_submission_id, earlier_line AS other_line_number, 'receives' AS side, state_id,
       format('{}', first_school_year) AS context, request_by AS due_date
FROM judged
UNION ALL
SELECT earlier_submission, earlier_line, true, NULL, district_code, submission_id, line_number, 'sends', state_id,
       format('{}', first_school_year), answer_by
FROM judged WHERE fails
