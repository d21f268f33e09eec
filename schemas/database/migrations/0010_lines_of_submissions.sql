-- What a receipt says of the lines of a file, so that it can be written again from the database alone.
ALTER TABLE intake.submission ADD COLUMN header_lines BIGINT;
ALTER TABLE intake.submission ADD COLUMN blank_lines BIGINT;
