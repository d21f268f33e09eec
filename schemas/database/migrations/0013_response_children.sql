-- Whom an answer is about: a newer file puts the same violation on another line.
ALTER TABLE quality.response ADD COLUMN collection_version VARCHAR;
ALTER TABLE quality.response ADD COLUMN state_id VARCHAR;
ALTER TABLE quality.response ADD COLUMN local_student_id VARCHAR;
