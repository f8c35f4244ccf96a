-- +goose Up
-- The fencing tokens that starts of jobs are given.
CREATE SEQUENCE queue_tokens CACHE 1;
-- Jobs are never searched by their content, so these would only make every change of a job dearer.
DROP INDEX IF EXISTS river_job_args_index;
DROP INDEX IF EXISTS river_job_metadata_index;

-- +goose Down
DROP SEQUENCE queue_tokens;
