-- What the violation desk needs to know of each row, beside what was found.
-- rule_book_version: the rule book that found it last; changed_by: what gave it its status (file, rule, other_file, decision).
ALTER TABLE quality.violation ADD COLUMN rule_book_version VARCHAR;
ALTER TABLE quality.violation ADD COLUMN changed_by VARCHAR;
ALTER TABLE quality.violation ADD COLUMN fixed_at TIMESTAMPTZ;
ALTER TABLE quality.violation ADD COLUMN waived_until DATE;
-- Findings that compare districts: whose records they were compared with, and the day by which the law wants something done.
ALTER TABLE quality.violation ADD COLUMN other_district_code VARCHAR;
ALTER TABLE quality.violation ADD COLUMN due_date DATE;
