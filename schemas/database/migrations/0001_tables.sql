-- Tables of state.duckdb. Columns named at are quoted: the word belongs to SQL since DuckDB 2.0.
-- Collection tables are made from the data dictionary, not here.
CREATE SCHEMA intake;
CREATE SCHEMA collection;
CREATE SCHEMA quality;
CREATE SCHEMA identity;
CREATE SCHEMA precode;
CREATE SCHEMA publish;
CREATE SCHEMA access;

CREATE TABLE intake.submission (
    submission_id VARCHAR PRIMARY KEY, district_code VARCHAR NOT NULL, school_code VARCHAR,
    layout VARCHAR, collection_version VARCHAR, school_year INTEGER, cycle VARCHAR,
    file_name VARCHAR NOT NULL, sha256 VARCHAR NOT NULL, claim_path VARCHAR NOT NULL,
    line_count BIGINT, record_count BIGINT, accepted_count BIGINT, refused_count BIGINT,
    outcome VARCHAR, status VARCHAR NOT NULL, reason VARCHAR, duplicate_of VARCHAR, is_late BOOLEAN NOT NULL DEFAULT false,
    error_count BIGINT, warning_count BIGINT, near_match_count BIGINT,
    received_at TIMESTAMPTZ NOT NULL, finished_at TIMESTAMPTZ, certified_at TIMESTAMPTZ, certified_by VARCHAR,
    run_id VARCHAR NOT NULL, dictionary_version VARCHAR NOT NULL, rule_book_version VARCHAR NOT NULL
);
CREATE TABLE intake.certificate (
    submission_id VARCHAR NOT NULL, district_code VARCHAR NOT NULL, collection_version VARCHAR NOT NULL,
    "at" TIMESTAMPTZ NOT NULL, actor VARCHAR NOT NULL, manifest VARCHAR NOT NULL
);
CREATE TABLE intake.cycle (
    collection_version VARCHAR NOT NULL, district_code VARCHAR, action VARCHAR NOT NULL,
    until DATE, actor VARCHAR NOT NULL, reason VARCHAR, "at" TIMESTAMPTZ NOT NULL
);

CREATE TABLE quality.violation (
    submission_id VARCHAR NOT NULL, district_code VARCHAR NOT NULL, school_code VARCHAR, layout VARCHAR NOT NULL,
    collection_version VARCHAR NOT NULL, line_number BIGINT, field VARCHAR, rule_id VARCHAR NOT NULL,
    severity VARCHAR NOT NULL, scope VARCHAR NOT NULL, value VARCHAR, message VARCHAR NOT NULL, fix VARCHAR,
    state_id VARCHAR, local_student_id VARCHAR, status VARCHAR NOT NULL,
    first_seen_at TIMESTAMPTZ NOT NULL, last_seen_at TIMESTAMPTZ NOT NULL
);
CREATE TABLE quality.rule_run (
    rule_id VARCHAR NOT NULL, submission_id VARCHAR NOT NULL, applicable_count BIGINT NOT NULL, failed_count BIGINT NOT NULL
);

-- state_id is the one index kept on purpose: the database itself refuses a number given twice.
CREATE TABLE identity.student (
    state_id VARCHAR PRIMARY KEY CHECK (regexp_full_match(state_id, '[0-9]{10}')),
    status VARCHAR NOT NULL, merged_into VARCHAR, issued_at TIMESTAMPTZ NOT NULL, issued_run_id VARCHAR NOT NULL
);
-- One row per distinct version of the identifying data accepted for an ID; *_key columns are matching/standardize.py's.
CREATE TABLE identity.record (
    state_id VARCHAR NOT NULL, version_hash UBIGINT NOT NULL,
    district_code VARCHAR NOT NULL, school_code VARCHAR, local_student_id VARCHAR, resident_district_code VARCHAR,
    last_name VARCHAR NOT NULL, first_name VARCHAR NOT NULL, middle_name VARCHAR, suffix VARCHAR,
    birth_date DATE NOT NULL, gender VARCHAR, race_ethnicity VARCHAR, grade VARCHAR,
    guardian_last_name VARCHAR, guardian_first_name VARCHAR,
    ssn_hash VARCHAR, ssn_near VARCHAR[],
    first_school_year INTEGER NOT NULL, last_school_year INTEGER NOT NULL,
    source_submission_id VARCHAR NOT NULL, source_line BIGINT NOT NULL, layout VARCHAR NOT NULL,
    first_seen_at TIMESTAMPTZ NOT NULL, last_seen_at TIMESTAMPTZ NOT NULL,
    last_name_key VARCHAR NOT NULL, first_name_key VARCHAR NOT NULL, middle_name_key VARCHAR, suffix_key VARCHAR,
    last_name_sound VARCHAR, first_name_sound VARCHAR, surname_tokens VARCHAR[], guardian_key VARCHAR,
    standardize_version INTEGER NOT NULL
);
CREATE TABLE identity.assignment (
    submission_id VARCHAR NOT NULL, line_number BIGINT NOT NULL, state_id VARCHAR,
    outcome VARCHAR NOT NULL, reason VARCHAR, step VARCHAR, match_weight DOUBLE, margin DOUBLE, model_version VARCHAR
);
CREATE TABLE identity.event (
    event_id BIGINT NOT NULL, "at" TIMESTAMPTZ NOT NULL, run_id VARCHAR NOT NULL, kind VARCHAR NOT NULL,
    state_id VARCHAR NOT NULL, other_state_id VARCHAR, submission_id VARCHAR, line_number BIGINT,
    actor VARCHAR NOT NULL, reason VARCHAR, evidence VARCHAR, block_number BIGINT
);
CREATE TABLE identity.near_match (
    near_match_id VARCHAR NOT NULL, submission_id VARCHAR NOT NULL, line_number BIGINT NOT NULL, sha256 VARCHAR NOT NULL,
    district_code VARCHAR NOT NULL, candidate_rank INTEGER NOT NULL, candidate_state_id VARCHAR NOT NULL,
    match_weight DOUBLE, explanation VARCHAR NOT NULL, reason VARCHAR NOT NULL,
    status VARCHAR NOT NULL, resolved_state_id VARCHAR, opened_at TIMESTAMPTZ NOT NULL, closed_at TIMESTAMPTZ
);
-- The identifying data of a request that waits for an answer, so that the answer can be carried out later.
CREATE TABLE identity.pending_request (
    near_match_id VARCHAR NOT NULL, submission_id VARCHAR NOT NULL, line_number BIGINT NOT NULL, request VARCHAR NOT NULL
);
CREATE TABLE identity.decision (
    decision_id VARCHAR NOT NULL, near_match_id VARCHAR, kind VARCHAR NOT NULL,
    state_id VARCHAR, other_state_id VARCHAR, submission_id VARCHAR, line_number BIGINT,
    actor VARCHAR NOT NULL, reason VARCHAR, "at" TIMESTAMPTZ NOT NULL, return_submission_id VARCHAR
);
CREATE TABLE identity.journal_head (block_number BIGINT NOT NULL, block_hash VARCHAR NOT NULL, "at" TIMESTAMPTZ NOT NULL);

-- IDs that the journal has given to a line of a file whose data are not stored: they go to exactly that line, or are retired.
-- Every ID in blocks up to the head is in identity.student or here.
CREATE TABLE identity.reservation (
    district_code VARCHAR NOT NULL, school_code VARCHAR, sha256 VARCHAR NOT NULL, line_number BIGINT NOT NULL,
    state_id VARCHAR NOT NULL, block_number BIGINT NOT NULL
);

CREATE TABLE precode.delivery (
    delivery_id VARCHAR NOT NULL, assessment VARCHAR NOT NULL, school_year INTEGER NOT NULL, collection_version VARCHAR NOT NULL,
    "at" TIMESTAMPTZ NOT NULL, run_id VARCHAR NOT NULL, record_count BIGINT NOT NULL, left_out_count BIGINT NOT NULL, sha256 VARCHAR NOT NULL
);
CREATE TABLE precode.record (
    delivery_id VARCHAR NOT NULL, district_code VARCHAR NOT NULL, school_code VARCHAR, state_id VARCHAR,
    submission_id VARCHAR NOT NULL, line_number BIGINT NOT NULL, is_included BOOLEAN NOT NULL, reason VARCHAR
);

CREATE TABLE publish.cell (
    product VARCHAR NOT NULL, school_year INTEGER NOT NULL, cycle VARCHAR NOT NULL,
    district_code VARCHAR NOT NULL, school_code VARCHAR NOT NULL, axis VARCHAR NOT NULL, category VARCHAR NOT NULL,
    student_count BIGINT NOT NULL, aggregated_at TIMESTAMPTZ NOT NULL
);
CREATE TABLE publish.release (
    release VARCHAR NOT NULL, product VARCHAR NOT NULL, school_year INTEGER NOT NULL, cycle VARCHAR NOT NULL,
    folder VARCHAR NOT NULL, sha256 VARCHAR NOT NULL, "at" TIMESTAMPTZ NOT NULL, status VARCHAR NOT NULL
);
CREATE TABLE access.log (
    seq BIGINT NOT NULL, "at" TIMESTAMPTZ NOT NULL, actor VARCHAR NOT NULL, level INTEGER NOT NULL, purpose VARCHAR NOT NULL,
    recipient VARCHAR NOT NULL, subject_hash VARCHAR NOT NULL, district_code VARCHAR, record_count BIGINT NOT NULL,
    previous_hash VARCHAR NOT NULL, hash VARCHAR NOT NULL
);
