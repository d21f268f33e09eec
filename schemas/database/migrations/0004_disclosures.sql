-- Whose data a row of access.log was about, so that "who has seen this child?" has an answer (FERPA 99.32). A delivery for
-- an assessment has its children in precode.record instead.
CREATE TABLE access.disclosed (seq BIGINT NOT NULL, state_id VARCHAR NOT NULL);
