-- What people decide about violations, what districts answer, and what each trial brought against the one before.
-- The number of a decision is that of its journal block.
ALTER TABLE quality.violation ADD COLUMN decision_number BIGINT;
CREATE TABLE quality.decision (
    decision_number BIGINT NOT NULL, "at" TIMESTAMPTZ NOT NULL, actor VARCHAR NOT NULL, kind VARCHAR NOT NULL,
    status VARCHAR, reason VARCHAR, until DATE, collection_version VARCHAR, rule_id VARCHAR, district_code VARCHAR,
    row_count BIGINT NOT NULL
);
-- A waiver stands from given_at up to the end of its last day, or until it was taken back (ended_at).
-- district_code and school_code null: of every district, of every school.
CREATE TABLE quality.waiver (
    waiver_number BIGINT NOT NULL, collection_version VARCHAR NOT NULL, rule_id VARCHAR NOT NULL,
    district_code VARCHAR, school_code VARCHAR, reason VARCHAR NOT NULL, approver VARCHAR NOT NULL,
    given_at TIMESTAMPTZ NOT NULL, until DATE NOT NULL, ended_at TIMESTAMPTZ, ended_by VARCHAR, end_reason VARCHAR
);
-- One row a trial and severity, one more for each time it was judged anew (cause 'rule'); kept when the trial is superseded.
CREATE TABLE quality.trial (
    submission_id VARCHAR NOT NULL, district_code VARCHAR NOT NULL, school_code VARCHAR, collection_version VARCHAR NOT NULL,
    "at" TIMESTAMPTZ NOT NULL, cause VARCHAR NOT NULL, rule_book_version VARCHAR, replaced_submission_id VARCHAR,
    record_count BIGINT, severity VARCHAR NOT NULL, new_count BIGINT NOT NULL, still_open_count BIGINT NOT NULL,
    reopened_count BIGINT NOT NULL, fixed_count BIGINT NOT NULL, waived_count BIGINT NOT NULL
);
-- What a district answered to a violation; a proposal until the operator decides (status: proposed, approved, refused, replaced).
CREATE TABLE quality.response (
    response_id VARCHAR NOT NULL, response_submission_id VARCHAR NOT NULL, response_line BIGINT NOT NULL,
    district_code VARCHAR NOT NULL, submission_id VARCHAR NOT NULL, line_number BIGINT, rule_id VARCHAR NOT NULL, field VARCHAR,
    other_district_code VARCHAR, response VARCHAR NOT NULL, comment VARCHAR, received_at TIMESTAMPTZ NOT NULL,
    status VARCHAR NOT NULL, decided_at TIMESTAMPTZ, decided_by VARCHAR, decision_number BIGINT
);
-- Submissions whose pages no longer say what the database says; the next run writes them anew.
CREATE TABLE quality.page_due (submission_id VARCHAR NOT NULL);
