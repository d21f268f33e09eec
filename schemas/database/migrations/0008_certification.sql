-- Certificates with who signed them and how they ended, requests to take one back, the life of a collection, reminders.
-- A pilot's files run through every stage and are counted, delivered and published by none.
ALTER TABLE intake.submission ADD COLUMN is_pilot BOOLEAN DEFAULT false;

-- signed_by, title, signed_on: of the district's own certificate file; null where the operator certified in its stead.
ALTER TABLE intake.certificate ADD COLUMN block_number BIGINT;
ALTER TABLE intake.certificate ADD COLUMN signed_by VARCHAR;
ALTER TABLE intake.certificate ADD COLUMN title VARCHAR;
ALTER TABLE intake.certificate ADD COLUMN signed_on DATE;
ALTER TABLE intake.certificate ADD COLUMN request_submission_id VARCHAR;
-- ended: replaced (a later file was certified) or decertified (a person took it back).
ALTER TABLE intake.certificate ADD COLUMN ended VARCHAR;
ALTER TABLE intake.certificate ADD COLUMN ended_at TIMESTAMPTZ;
ALTER TABLE intake.certificate ADD COLUMN ended_by VARCHAR;
ALTER TABLE intake.certificate ADD COLUMN end_reason VARCHAR;

-- A superintendent's signed wish to have a certificate taken back; status: open, approved, refused.
CREATE TABLE intake.decertify_request (
    request_submission_id VARCHAR NOT NULL, submission_id VARCHAR NOT NULL, district_code VARCHAR NOT NULL,
    collection_version VARCHAR NOT NULL, signed_by VARCHAR NOT NULL, title VARCHAR, signed_on DATE, reason VARCHAR NOT NULL,
    requested_at TIMESTAMPTZ NOT NULL, status VARCHAR NOT NULL, decided_by VARCHAR, decided_at TIMESTAMPTZ, note VARCHAR
);

ALTER TABLE intake.cycle ADD COLUMN is_pilot BOOLEAN;
ALTER TABLE intake.cycle ADD COLUMN block_number BIGINT;

-- Each reminder is written once; days: of the schedule, positive before the due date, negative after it.
CREATE TABLE intake.reminder (
    collection_version VARCHAR NOT NULL, district_code VARCHAR NOT NULL, due_date DATE NOT NULL, days INTEGER NOT NULL,
    state VARCHAR NOT NULL, folder_name VARCHAR NOT NULL, "at" TIMESTAMPTZ NOT NULL
);
-- The days in Missouri on which all districts were looked at.
CREATE TABLE intake.reminder_round (day DATE NOT NULL, "at" TIMESTAMPTZ NOT NULL);
