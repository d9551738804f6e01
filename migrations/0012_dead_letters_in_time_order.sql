-- Up Migration

-- New dead letters stand together in this index, too: begun with the queue and the job's id, which is random, each
-- touched a page of its own. Dropped first, because that takes the strongest lock: taken last, it would wait for who
-- has locked entries to resolve them, and they for this.
DROP INDEX dlq_one_entry_per_death;
CREATE UNIQUE INDEX dlq_one_entry_per_death ON dead_letter_queue (failed_at, queue_name, job_id);
