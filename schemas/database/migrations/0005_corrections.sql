-- Corrections: numbers that people merge, split, retire, and what they take back (mosis ids merge, split, retire, undo).

-- One row a correction; act_number is that of the journal block that accepted it. status is proposed (waits for a second
-- person), waiting (for the end of a testing window), applied, undone, withdrawn or refused. asked and change are JSON:
-- what was asked for, and what was done to which number and line. notices_at is null until every notice is written.
CREATE TABLE identity.correction (
    act_number BIGINT NOT NULL, kind VARCHAR NOT NULL, status VARCHAR NOT NULL, asked VARCHAR NOT NULL, change VARCHAR,
    actor VARCHAR NOT NULL, reason VARCHAR NOT NULL, accepted_at TIMESTAMPTZ NOT NULL, approver VARCHAR, waits_until DATE,
    applied_at TIMESTAMPTZ, applied_block BIGINT, note VARCHAR, undone_by BIGINT, notices_at TIMESTAMPTZ
);
-- Every stored line of the numbers that a correction was about, with the number it had and has since; null: none any more.
-- is_moved: the line left its number; otherwise it goes where its number goes.
CREATE TABLE identity.correction_line (
    act_number BIGINT NOT NULL, submission_id VARCHAR NOT NULL, line_number BIGINT NOT NULL,
    district_code VARCHAR, school_code VARCHAR, local_student_id VARCHAR,
    old_state_id VARCHAR NOT NULL, new_state_id VARCHAR, is_moved BOOLEAN NOT NULL
);
-- Lines that left the number which came out for them. Stored records are never rewritten: who reads one reads this first,
-- then follows merged numbers.
CREATE TABLE identity.moved_line (submission_id VARCHAR NOT NULL, line_number BIGINT NOT NULL, state_id VARCHAR NOT NULL);
