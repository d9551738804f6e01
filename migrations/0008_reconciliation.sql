-- Up Migration

-- Cached balances that differ from their ledger's sum, as the last reconciliation of the provider found
-- them. In a table, so that every process tells the same, also after a restart. A row goes when they agree.
CREATE TABLE balance_discrepancies (
  provider_id UUID PRIMARY KEY REFERENCES providers (id),
  cached NUMERIC(10,2) NOT NULL,
  -- A sum may be wider than what it sums.
  ledger NUMERIC(20,2) NOT NULL,
  -- First and last found.
  found_at TIMESTAMPTZ NOT NULL,
  checked_at TIMESTAMPTZ NOT NULL,
  CHECK (cached <> ledger)
);

-- The clean-up of exports reads from the old end.
CREATE INDEX report_exports_created ON report_exports (created_at);
