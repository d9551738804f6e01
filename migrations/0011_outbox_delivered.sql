-- Up Migration

-- A job that was handed over stays for a while, because a Redis that restarts or fails over can lose what it
-- acknowledged last: then it is handed over again (docs/decisions/0009-redis-may-forget.md).
ALTER TABLE outbox
  -- When it was handed over; null while it waits.
  ADD COLUMN delivered_at TIMESTAMPTZ,
  -- To which life of the engine's server.
  ADD COLUMN delivered_to TEXT,
  ADD CONSTRAINT outbox_delivered_says_to_whom CHECK ((delivered_at IS NULL) = (delivered_to IS NULL));

DROP INDEX outbox_due;
CREATE INDEX outbox_due ON outbox (next_attempt_at, id) WHERE delivered_at IS NULL;
CREATE INDEX outbox_delivered ON outbox (delivered_to, delivered_at) WHERE delivered_at IS NOT NULL;
