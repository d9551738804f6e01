-- Up Migration

-- What the caller calls an adjustment: the same adjustment sent twice is booked once.
ALTER TABLE provider_ledger ADD COLUMN idempotency_key UUID;
CREATE UNIQUE INDEX ledger_once_per_key ON provider_ledger (provider_id, idempotency_key)
  WHERE idempotency_key IS NOT NULL;

-- The admin's lists, newest first.
CREATE INDEX providers_newest ON providers (created_at DESC, id DESC);
CREATE INDEX subscriptions_of_provider ON provider_subscriptions (provider_id, created_at DESC, id DESC);
