-- Up Migration

-- Epic 12, "Database Schema", to the letter; the further columns follow below.
CREATE TABLE dead_letter_queue (
  id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
  queue_name VARCHAR(100) NOT NULL,
  job_id VARCHAR(100),
  payload JSONB,
  error_message TEXT,
  stack_trace TEXT,
  attempts INT,
  failed_at TIMESTAMPTZ NOT NULL,
  resolved BOOLEAN DEFAULT FALSE,
  resolved_at TIMESTAMPTZ,
  resolved_by UUID
);

CREATE INDEX idx_dlq_queue_failed_at
  ON dead_letter_queue(queue_name, failed_at DESC);

ALTER TABLE dead_letter_queue
  ALTER COLUMN resolved SET NOT NULL,
  ADD COLUMN job_name TEXT NOT NULL,
  -- The job's options in BullMQ's words, without those of its place in time (see retry).
  ADD COLUMN job_options JSONB NOT NULL DEFAULT '{}',
  -- The payload's exact JSON where JSONB can't hold it: NUL characters, lone surrogates, too deep, too large.
  -- `payload` is then a readable likeness, or null.
  ADD COLUMN payload_text TEXT,
  -- The engine's id of the job where `job_id` can't hold it: longer than 100 characters, or with NUL in it.
  ADD COLUMN engine_job_id TEXT,
  ADD COLUMN correlation_id UUID,
  ADD COLUMN captured_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  ADD COLUMN resolution TEXT CHECK (resolution IN ('retried', 'discarded')),
  -- The job that the retry of this entry made.
  ADD COLUMN retry_job_id TEXT,
  -- The entry whose retry made the job that died here. No foreign key: retention may have taken it.
  ADD COLUMN retry_of UUID,
  ADD CONSTRAINT dlq_resolved_says_how CHECK (
    (resolved AND resolved_at IS NOT NULL AND resolution IS NOT NULL)
    OR (NOT resolved AND resolved_at IS NULL AND resolved_by IS NULL AND resolution IS NULL AND retry_job_id IS NULL)
  ),
  ADD CONSTRAINT dlq_retried_names_its_job CHECK ((resolution = 'retried') = (retry_job_id IS NOT NULL));

-- Capturing the same death twice is one entry. A job id can die again later: the time tells them apart.
CREATE UNIQUE INDEX dlq_one_entry_per_death ON dead_letter_queue (queue_name, job_id, failed_at);

-- The default view: unresolved, newest failure first, of all queues or of one.
CREATE INDEX dlq_unresolved ON dead_letter_queue (failed_at DESC, id DESC) WHERE NOT resolved;
CREATE INDEX dlq_unresolved_by_queue ON dead_letter_queue (queue_name, failed_at DESC, id DESC) WHERE NOT resolved;
-- All entries in the same order; retention reads it from the old end.
CREATE INDEX dlq_failed_at ON dead_letter_queue (failed_at DESC, id DESC);
-- The entries that a retry led to.
CREATE INDEX dlq_retry_of ON dead_letter_queue (retry_of) WHERE retry_of IS NOT NULL;

-- Jobs that belong to a database change wait here, from the change's commit until the engine has them.
CREATE TABLE outbox (
  id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  queue_name VARCHAR(100) NOT NULL,
  -- Fixed here and now, so that handing a job over twice is one job.
  job_id TEXT NOT NULL,
  job_name TEXT NOT NULL,
  -- JSON and not JSONB: kept to the letter, whatever characters it has.
  payload JSON NOT NULL,
  job_options JSON NOT NULL,
  correlation_id UUID,
  created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  -- Failed hand-overs so far, and when to try again.
  attempts INT NOT NULL DEFAULT 0,
  next_attempt_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  last_error TEXT,
  CONSTRAINT outbox_one_row_per_job UNIQUE (queue_name, job_id)
);

CREATE INDEX outbox_due ON outbox (next_attempt_at, id);
