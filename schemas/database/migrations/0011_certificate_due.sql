-- Certificates given or taken back of which the districts whose files compare with them were not told yet: put here by the act,
-- taken out when the files were judged anew and the notices written. change: certified, decertified.
CREATE TABLE intake.certificate_due (submission_id VARCHAR NOT NULL, change VARCHAR NOT NULL, reason VARCHAR, "at" TIMESTAMPTZ NOT NULL);
