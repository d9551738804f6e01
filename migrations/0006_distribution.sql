-- Up Migration

-- What is remembered of a lead's distribution, so that a re-run continues where the last one stopped.
CREATE TABLE lead_distributions (
  lead_id UUID PRIMARY KEY REFERENCES leads (id),
  -- Position of the level that the traversal starts at: drawn from the niche once, at the first run that
  -- found an active level.
  start_position INT CHECK (start_position >= 1),
  runs INT NOT NULL DEFAULT 1 CHECK (runs >= 1),
  started_at TIMESTAMPTZ NOT NULL,
  -- Null while a run goes on, and after one that was interrupted.
  completed_at TIMESTAMPTZ,
  -- Providers whose billing failed in the last run that was completed.
  billing_failures INT NOT NULL DEFAULT 0 CHECK (billing_failures >= 0)
);

-- A provider that could not pay for a lead counts as skipped once, however many levels and runs find it so.
CREATE TABLE lead_distribution_skips (
  lead_id UUID NOT NULL REFERENCES leads (id),
  provider_id UUID NOT NULL REFERENCES providers (id),
  competition_level_id UUID NOT NULL REFERENCES competition_levels (id),
  skipped_at TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (lead_id, provider_id)
);

-- The time of a level's latest assignment, inactive subscriptions included: the next one must be later.
CREATE INDEX subscriptions_last_served ON provider_subscriptions (competition_level_id, last_received_at DESC);

-- The admin's list of leads of any status.
CREATE INDEX leads_newest ON leads (created_at DESC, id DESC);
