-- Up Migration

-- New dead letters stand together in this index, too: begun with the queue and the job's id, which is random, each
-- touched a page of its own.
CREATE UNIQUE INDEX dlq_one_entry_per_death_by_time ON dead_letter_queue (failed_at, queue_name, job_id);
DROP INDEX dlq_one_entry_per_death;
ALTER INDEX dlq_one_entry_per_death_by_time RENAME TO dlq_one_entry_per_death;
