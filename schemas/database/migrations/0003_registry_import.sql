-- Registries from before this system that were taken over (mosis ids import): one row an import. Their numbers are in
-- identity.student with an event of kind imported each; source_submission_id of their records is the import_id.
CREATE TABLE identity.registry_import (
    import_id VARCHAR NOT NULL, sha256 VARCHAR NOT NULL, file_name VARCHAR NOT NULL,
    line_count BIGINT NOT NULL, row_count BIGINT NOT NULL, refused_row_count BIGINT NOT NULL,
    active_count BIGINT NOT NULL, merged_count BIGINT NOT NULL, retired_count BIGINT NOT NULL, held_count BIGINT NOT NULL,
    actor VARCHAR NOT NULL, reason VARCHAR, "at" TIMESTAMPTZ NOT NULL, run_id VARCHAR NOT NULL, block_number BIGINT NOT NULL
);
