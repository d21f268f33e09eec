-- Every row of a response file, also those that were not taken: where it stood in the file, and why it was not taken.
ALTER TABLE quality.response ADD COLUMN place VARCHAR;
ALTER TABLE quality.response ADD COLUMN reason VARCHAR;
