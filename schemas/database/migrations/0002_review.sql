-- Review of near matches: what was weighed, whose record a decision was about, and numbers that may be one child's.

-- JSON: per comparison the level that the pair fell into and its weight in bits.
ALTER TABLE identity.near_match ADD COLUMN evidence VARCHAR;
-- The journal block that holds the decision; null for decisions made before blocks held them.
ALTER TABLE identity.decision ADD COLUMN block_number BIGINT;

-- The record that a decision was about, as it was sent, so that the decision holds for it when it comes again.
CREATE TABLE identity.decided_record (
    near_match_id VARCHAR NOT NULL, district_code VARCHAR NOT NULL, local_student_id VARCHAR,
    last_name VARCHAR, first_name VARCHAR, middle_name VARCHAR, suffix VARCHAR, birth_date DATE, gender VARCHAR,
    ssn_hash VARCHAR
);
-- Two numbers that may be one child's; status is open or different. A pair of which one was merged or retired waits no more.
CREATE TABLE identity.proposal (
    proposal_id VARCHAR NOT NULL, state_id VARCHAR NOT NULL, other_state_id VARCHAR NOT NULL, reason VARCHAR NOT NULL,
    match_weight DOUBLE, status VARCHAR NOT NULL, opened_at TIMESTAMPTZ NOT NULL, opened_run_id VARCHAR NOT NULL,
    closed_at TIMESTAMPTZ, actor VARCHAR
);
