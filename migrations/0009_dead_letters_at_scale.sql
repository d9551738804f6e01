-- Up Migration

-- Groups, search, lineage and kept counts for millions of dead letters.

-- Text search needs trigrams; a trusted extension, so the owner of the database may create it.
CREATE EXTENSION IF NOT EXISTS pg_trgm;

-- Dead letters that died of the same thing. The id is a hash of what they share (fingerprint.ts).
CREATE TABLE dead_letter_groups (
  id UUID PRIMARY KEY,
  queue_name VARCHAR(100) NOT NULL,
  job_name TEXT NOT NULL,
  error_class TEXT,
  -- The error message with its variable parts masked.
  message TEXT NOT NULL,
  -- The top frames of our own code: text, innermost first.
  frames JSONB NOT NULL DEFAULT '[]',
  first_seen TIMESTAMPTZ NOT NULL,
  last_seen TIMESTAMPTZ NOT NULL,
  -- Muted: captured and counted, but out of the default view and of the alert's gauge.
  muted_at TIMESTAMPTZ,
  muted_by UUID,
  muted_reason TEXT,
  CONSTRAINT group_muted_says_who CHECK ((muted_at IS NULL) = (muted_by IS NULL))
);
CREATE INDEX dead_letter_groups_muted ON dead_letter_groups (id) WHERE muted_at IS NOT NULL;

ALTER TABLE dead_letter_queue
  ADD COLUMN group_id UUID,
  -- 1 for a first death; one more than the ancestor's for a retried job that died again.
  ADD COLUMN deaths INT NOT NULL DEFAULT 1;

-- How often the jobs of those that are there have died.
WITH RECURSIVE line AS (
  SELECT id, 1 AS deaths FROM dead_letter_queue AS entry
   WHERE retry_of IS NULL OR NOT EXISTS (SELECT FROM dead_letter_queue AS parent WHERE parent.id = entry.retry_of)
  UNION ALL
  SELECT child.id, line.deaths + 1 FROM line JOIN dead_letter_queue AS child ON child.retry_of = line.id)
UPDATE dead_letter_queue AS entry SET deaths = line.deaths FROM line WHERE line.id = entry.id AND line.deaths > 1;

-- What was captured before groups existed is grouped by its exact message.
UPDATE dead_letter_queue
   SET group_id = md5(concat_ws(E'\x01', queue_name, job_name, coalesce(error_message, '')))::uuid;
INSERT INTO dead_letter_groups (id, queue_name, job_name, message, first_seen, last_seen)
SELECT group_id, queue_name, job_name, left(coalesce(error_message, ''), 1000), min(failed_at), max(failed_at)
  FROM dead_letter_queue GROUP BY group_id, queue_name, job_name, left(coalesce(error_message, ''), 1000)
    ON CONFLICT DO NOTHING;
ALTER TABLE dead_letter_queue ALTER COLUMN group_id SET NOT NULL;

-- Every view is a walk along one index: of all entries, of a queue, of a group; unresolved or resolved, newest
-- first. Both states together are merged from the two.
DROP INDEX dlq_failed_at;
CREATE INDEX dlq_unresolved_by_group ON dead_letter_queue (group_id, failed_at DESC, id DESC) WHERE NOT resolved;
CREATE INDEX dlq_resolved ON dead_letter_queue (failed_at DESC, id DESC) WHERE resolved;
CREATE INDEX dlq_resolved_by_queue ON dead_letter_queue (queue_name, failed_at DESC, id DESC) WHERE resolved;
CREATE INDEX dlq_resolved_by_group ON dead_letter_queue (group_id, failed_at DESC, id DESC) WHERE resolved;
CREATE INDEX dlq_correlation ON dead_letter_queue (correlation_id) WHERE correlation_id IS NOT NULL;
-- Of unresolved entries alone, so that resolving one costs nothing here.
CREATE INDEX dlq_unresolved_error_text ON dead_letter_queue
  USING gin (error_message gin_trgm_ops) WITH (gin_pending_list_limit = 16384) WHERE NOT resolved;

-- The jobs that retries made, and what became of them.
CREATE TABLE dead_letter_retries (
  dead_letter_id UUID PRIMARY KEY,
  queue_name VARCHAR(100) NOT NULL,
  group_id UUID NOT NULL,
  job_id TEXT NOT NULL,
  made_at TIMESTAMPTZ NOT NULL,
  -- Null until the job has ended. `unknown`: it is gone from the engine, and nobody saw how it ended.
  outcome TEXT CHECK (outcome IN ('succeeded', 'died', 'unknown')),
  settled_at TIMESTAMPTZ,
  -- Of an edited retry: the exact JSON it carried, the options changed, and the changes as JSON Patch (RFC 6902).
  -- JSON and not JSONB: a change may have any character that a payload may have.
  payload_text TEXT,
  options JSONB,
  diff JSON
);
CREATE INDEX dead_letter_retries_open ON dead_letter_retries (made_at, dead_letter_id) WHERE outcome IS NULL;
INSERT INTO dead_letter_retries (dead_letter_id, queue_name, group_id, job_id, made_at, outcome, settled_at)
SELECT id, queue_name, group_id, retry_job_id, resolved_at, CASE WHEN died.at IS NOT NULL THEN 'died' END, died.at
  FROM dead_letter_queue AS entry
  LEFT JOIN LATERAL (SELECT min(captured_at) AS at FROM dead_letter_queue AS next WHERE next.retry_of = entry.id) AS died
         ON TRUE
 WHERE resolution = 'retried';

-- Counts are kept, not counted. Every statement that changes entries appends its differences; the tallies
-- are the sum of settled rows and of changes not yet settled. Appending locks nothing that anybody else needs.
--   queue, group    : entries by state, now
--   queue_hour      : the same by the hour of the failure (for those that will expire)
--   queue_minute    : entries by the minute of the failure, of the last two hours
--   group_hour      : entries by the hour of the failure, of the last day
CREATE TABLE dead_letter_tallies (
  scope TEXT NOT NULL CHECK (scope IN ('queue', 'group', 'queue_hour', 'queue_minute', 'group_hour')),
  queue_name VARCHAR(100) NOT NULL,
  group_id UUID NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
  at TIMESTAMPTZ NOT NULL DEFAULT '-infinity',
  entries BIGINT NOT NULL DEFAULT 0,
  unresolved BIGINT NOT NULL DEFAULT 0,
  retried BIGINT NOT NULL DEFAULT 0,
  succeeded BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (scope, queue_name, group_id, at)
);
CREATE INDEX dead_letter_tallies_group ON dead_letter_tallies (group_id, scope, at) WHERE scope IN ('group', 'group_hour');
CREATE INDEX dead_letter_tallies_at ON dead_letter_tallies (scope, at) WHERE scope IN ('queue_hour', 'queue_minute');
CREATE TABLE dead_letter_tally_changes (LIKE dead_letter_tallies INCLUDING DEFAULTS);
ALTER TABLE dead_letter_tally_changes SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);

CREATE VIEW dead_letter_tallies_now AS
SELECT * FROM dead_letter_tallies UNION ALL SELECT * FROM dead_letter_tally_changes;

-- What a statement changed, in sum: an update of the state alone changes neither minutes nor a group's hours.
CREATE FUNCTION tally_dead_letters() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  touched CONSTANT TEXT := CASE TG_OP
    WHEN 'INSERT' THEN 'SELECT 1 AS sign, * FROM added'
    WHEN 'DELETE' THEN 'SELECT -1 AS sign, * FROM taken'
    ELSE 'SELECT 1 AS sign, * FROM added UNION ALL SELECT -1, * FROM taken' END;
BEGIN
  EXECUTE format($sql$
    INSERT INTO dead_letter_tally_changes (scope, queue_name, group_id, at, entries, unresolved, retried)
    SELECT CASE GROUPING(queue_name, group_id, minute, hour)
             WHEN B'0111'::int THEN 'queue' WHEN B'0110'::int THEN 'queue_hour' WHEN B'0101'::int THEN 'queue_minute'
             WHEN B'0011'::int THEN 'group' ELSE 'group_hour' END,
           queue_name,
           coalesce(group_id, '00000000-0000-0000-0000-000000000000'),
           coalesce(hour, minute, '-infinity'),
           sum(sign), sum(sign * (NOT resolved)::int), sum(sign * coalesce(resolution = 'retried', FALSE)::int)
      FROM (SELECT sign, queue_name, group_id, resolved, resolution,
                   date_trunc('minute', failed_at, 'UTC') AS minute, date_trunc('hour', failed_at, 'UTC') AS hour
              FROM (%s) AS touched) AS entry
     GROUP BY GROUPING SETS ((queue_name), (queue_name, hour), (queue_name, minute), (queue_name, group_id),
                             (queue_name, group_id, hour))
    HAVING CASE
             -- Kept as long as "the last hour" and "the last day" can ask for them.
             WHEN GROUPING(minute) = 0 THEN sum(sign) <> 0 AND minute >= now() - interval '2 hours'
             WHEN GROUPING(group_id, hour) = 0 THEN sum(sign) <> 0 AND hour >= now() - interval '26 hours'
             ELSE sum(sign) <> 0 OR sum(sign * (NOT resolved)::int) <> 0
                  OR sum(sign * coalesce(resolution = 'retried', FALSE)::int) <> 0 END
  $sql$, touched);
  RETURN NULL;
END $$;
CREATE TRIGGER tally_inserted AFTER INSERT ON dead_letter_queue REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT EXECUTE FUNCTION tally_dead_letters();
CREATE TRIGGER tally_updated AFTER UPDATE ON dead_letter_queue REFERENCING OLD TABLE AS taken NEW TABLE AS added
  FOR EACH STATEMENT EXECUTE FUNCTION tally_dead_letters();
CREATE TRIGGER tally_deleted AFTER DELETE ON dead_letter_queue REFERENCING OLD TABLE AS taken
  FOR EACH STATEMENT EXECUTE FUNCTION tally_dead_letters();

CREATE FUNCTION tally_dead_letter_retries() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  sign CONSTANT INT := TG_ARGV[0];
BEGIN
  INSERT INTO dead_letter_tally_changes (scope, queue_name, group_id, succeeded)
  SELECT 'group', queue_name, group_id, sign * count(*) FROM touched WHERE outcome = 'succeeded'
   GROUP BY queue_name, group_id;
  RETURN NULL;
END $$;
CREATE TRIGGER tally_updated_old AFTER UPDATE ON dead_letter_retries REFERENCING OLD TABLE AS touched
  FOR EACH STATEMENT EXECUTE FUNCTION tally_dead_letter_retries('-1');
CREATE TRIGGER tally_updated_new AFTER UPDATE ON dead_letter_retries REFERENCING NEW TABLE AS touched
  FOR EACH STATEMENT EXECUTE FUNCTION tally_dead_letter_retries('1');
CREATE TRIGGER tally_deleted AFTER DELETE ON dead_letter_retries REFERENCING OLD TABLE AS touched
  FOR EACH STATEMENT EXECUTE FUNCTION tally_dead_letter_retries('-1');

CREATE FUNCTION forget_dead_letter_tallies() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  -- Without their entries retries mean nothing, and their successes are no longer counted.
  DELETE FROM dead_letter_retries;
  TRUNCATE dead_letter_tallies, dead_letter_tally_changes;
  RETURN NULL;
END $$;
CREATE TRIGGER tally_truncated AFTER TRUNCATE ON dead_letter_queue
  FOR EACH STATEMENT EXECUTE FUNCTION forget_dead_letter_tallies();

-- What is there already.
INSERT INTO dead_letter_tallies (scope, queue_name, group_id, at, entries, unresolved, retried)
SELECT CASE GROUPING(group_id, hour) WHEN 3 THEN 'queue' WHEN 2 THEN 'queue_hour' WHEN 1 THEN 'group' ELSE 'group_hour' END,
       queue_name, coalesce(group_id, '00000000-0000-0000-0000-000000000000'), coalesce(hour, '-infinity'),
       count(*), count(*) FILTER (WHERE NOT resolved), count(*) FILTER (WHERE resolution = 'retried')
  FROM (SELECT queue_name, group_id, resolved, resolution, date_trunc('hour', failed_at, 'UTC') AS hour
          FROM dead_letter_queue) AS entry
 GROUP BY GROUPING SETS ((queue_name), (queue_name, hour), (queue_name, group_id), (queue_name, group_id, hour))
HAVING GROUPING(group_id, hour) <> 0 OR hour >= now() - interval '26 hours';
INSERT INTO dead_letter_tallies (scope, queue_name, at, entries, unresolved, retried)
SELECT 'queue_minute', queue_name, date_trunc('minute', failed_at, 'UTC'),
       count(*), count(*) FILTER (WHERE NOT resolved), count(*) FILTER (WHERE resolution = 'retried')
  FROM dead_letter_queue WHERE failed_at >= now() - interval '2 hours'
 GROUP BY queue_name, date_trunc('minute', failed_at, 'UTC');

-- Notes of people on an entry or on a group.
CREATE TABLE dead_letter_notes (
  id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  dead_letter_id UUID,
  group_id UUID,
  text TEXT NOT NULL,
  written_by UUID NOT NULL,
  written_at TIMESTAMPTZ NOT NULL,
  CONSTRAINT note_on_one_thing CHECK ((dead_letter_id IS NULL) <> (group_id IS NULL))
);
CREATE INDEX dead_letter_notes_entry ON dead_letter_notes (dead_letter_id, id) WHERE dead_letter_id IS NOT NULL;
CREATE INDEX dead_letter_notes_group ON dead_letter_notes (group_id, id) WHERE group_id IS NOT NULL;

-- Bulk operations: which entries are meant is fixed first, then they are worked through in that order.
CREATE TABLE dead_letter_operations (
  id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
  action TEXT NOT NULL CHECK (action IN ('retry', 'discard')),
  -- As it was asked for.
  filter JSONB NOT NULL,
  reason TEXT NOT NULL,
  rate_per_second INT,
  state TEXT NOT NULL DEFAULT 'selecting' CHECK (state IN ('selecting', 'running', 'completed', 'cancelled')),
  -- Entries captured later are not meant.
  asked_at TIMESTAMPTZ NOT NULL,
  asked_by UUID NOT NULL,
  correlation_id UUID NOT NULL,
  -- How far the selection has walked: the last entry it looked at.
  selected_to_failed_at TIMESTAMPTZ,
  selected_to_id UUID,
  matched INT NOT NULL DEFAULT 0,
  -- Worked through so far, in the order of position.
  processed INT NOT NULL DEFAULT 0,
  succeeded INT NOT NULL DEFAULT 0,
  started_at TIMESTAMPTZ,
  finished_at TIMESTAMPTZ,
  cancelled_by UUID,
  -- The actor as the audit log wants it at the end: from where it was asked.
  asked_from JSONB NOT NULL DEFAULT '{}'
);
CREATE INDEX dead_letter_operations_open ON dead_letter_operations (asked_at) WHERE state IN ('selecting', 'running');
CREATE INDEX dead_letter_operations_asked_at ON dead_letter_operations (asked_at DESC, id DESC);

CREATE TABLE dead_letter_operation_entries (
  operation_id UUID NOT NULL REFERENCES dead_letter_operations (id) ON DELETE CASCADE,
  -- 1, 2, 3 …: the order of work, newest failure first; ids in the order in which they were given.
  position INT NOT NULL,
  dead_letter_id UUID NOT NULL,
  -- Null until it was this entry's turn.
  outcome TEXT CHECK (outcome IN ('retried', 'discarded', 'already_resolved', 'gone', 'queue_not_defined', 'payload_refused')),
  PRIMARY KEY (operation_id, position)
-- Room for each row's second version beside its first: outcomes are then written without touching the index.
) WITH (fillfactor = 50);
