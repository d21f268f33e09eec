-- Students as their district reports them now: does the newest record that another district brought for the same StateID
-- (last and first name, by their letters) say something else?
WITH student AS (
    SELECT DISTINCT ON (record.state_id, record.district_code)
           record.state_id, record.district_code, record.collection__school_year, record.submission_id,
           record.line_number, record.last_name, record.first_name, record.birth_date, record.gender
    FROM shared_student_core AS record
    LEFT JOIN calendar ON calendar.collection__version = record.collection__version
    WHERE record.state_id IS NOT NULL
    ORDER BY record.state_id, record.district_code, record.collection__school_year DESC, calendar.due_date DESC,
             record.submission_id, record.line_number
), known AS (
    SELECT DISTINCT ON (student.state_id, student.district_code)
           student.*, version.district_code AS other_district, version.source_submission_id, version.source_line,
           version.last_name AS other_last_name, version.first_name AS other_first_name,
           version.birth_date AS other_birth_date, version.gender AS other_gender
    FROM student
    JOIN identity_record AS version
      ON version.state_id = student.state_id AND version.district_code <> student.district_code
     AND version.last_school_year >= student.collection__school_year - 1
    ORDER BY student.state_id, student.district_code, version.last_school_year DESC, version.last_seen_at DESC,
             version.district_code, version.source_submission_id, version.source_line
)
SELECT submission_id, line_number, regexp_replace(upper(strip_accents(last_name)), '[^A-Z]', '', 'g')
           <> regexp_replace(upper(strip_accents(other_last_name)), '[^A-Z]', '', 'g')
       OR regexp_replace(upper(strip_accents(first_name)), '[^A-Z]', '', 'g')
           <> regexp_replace(upper(strip_accents(other_first_name)), '[^A-Z]', '', 'g') AS fails, last_name || ', ' || first_name AS value,
       other_district AS other_district_code, source_submission_id AS other_submission_id,
       source_line AS other_line_number, format('{}', collection__school_year) AS context
FROM known
