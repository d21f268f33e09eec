-- Findings that compare districts (scope 'state'): each stands once for every district that it concerns.
-- finding_id joins the rows of one finding; side says which part of it a district has (receives, sends, left, ...), null where
-- both have the same.
ALTER TABLE quality.violation ADD COLUMN finding_id VARCHAR;
ALTER TABLE quality.violation ADD COLUMN side VARCHAR;
-- The files that the last comparison of districts took in; what has come or gone since says whose children to compare again.
CREATE TABLE quality.state_compared (submission_id VARCHAR NOT NULL);
-- How far the last comparison had read the events of identities, and under which rules it ran; one row.
CREATE TABLE quality.state_comparison ("at" TIMESTAMPTZ NOT NULL, event_id BIGINT NOT NULL, rule_book_version VARCHAR NOT NULL);
-- Children about whom a finding may open without a new file of theirs: on a day, or when a certain district has sent its file.
CREATE TABLE quality.state_waiting (state_id VARCHAR NOT NULL, opens_on DATE NOT NULL, waits_for VARCHAR);
-- What a district has to be told of its findings (change: opened, reopened, cleared, contacted, accepted); written_at is null
-- until its page is in the outbox.
CREATE TABLE quality.state_notice (
    district_code VARCHAR NOT NULL, finding_id VARCHAR NOT NULL, rule_id VARCHAR NOT NULL, change VARCHAR NOT NULL,
    "at" TIMESTAMPTZ NOT NULL, written_at TIMESTAMPTZ
);
