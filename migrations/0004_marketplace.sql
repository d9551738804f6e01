-- Up Migration

-- Prices and balances are NUMERIC(10,2): whole cents, up to 99,999,999.99. Code counts in integer cents.

CREATE TABLE competition_levels (
  id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
  niche_id UUID NOT NULL REFERENCES niches (id),
  name TEXT NOT NULL,
  -- Traversal order within the niche, from 1 without gaps in use.
  order_position INT NOT NULL CHECK (order_position >= 1),
  price_per_lead NUMERIC(10,2) NOT NULL CHECK (price_per_lead > 0),
  max_recipients INT NOT NULL CHECK (max_recipients BETWEEN 1 AND 1000),
  is_active BOOLEAN NOT NULL DEFAULT TRUE,
  created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  UNIQUE (niche_id, order_position)
);

CREATE TABLE providers (
  id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
  user_id UUID NOT NULL UNIQUE REFERENCES users (id),
  company_name TEXT NOT NULL,
  email TEXT NOT NULL,
  -- A cache of the ledger's sum, kept in the same transaction as each ledger row.
  balance NUMERIC(10,2) NOT NULL DEFAULT 0 CHECK (balance >= 0),
  low_balance_threshold NUMERIC(10,2) NOT NULL DEFAULT 50 CHECK (low_balance_threshold >= 0),
  -- Set when the alert for the present crossing was sent; null again once the balance is above the threshold.
  low_balance_alerted_at TIMESTAMPTZ,
  is_active BOOLEAN NOT NULL DEFAULT TRUE,
  created_at TIMESTAMPTZ NOT NULL DEFAULT now()
);

CREATE TABLE provider_subscriptions (
  id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
  provider_id UUID NOT NULL REFERENCES providers (id),
  competition_level_id UUID NOT NULL REFERENCES competition_levels (id),
  is_active BOOLEAN NOT NULL DEFAULT TRUE,
  deactivation_reason TEXT CHECK (deactivation_reason IN ('insufficient_funds', 'admin', 'provider')),
  deactivated_at TIMESTAMPTZ,
  -- Least recently served goes first; null is never served.
  last_received_at TIMESTAMPTZ,
  created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  UNIQUE (provider_id, competition_level_id),
  CHECK (is_active = (deactivation_reason IS NULL))
);
CREATE INDEX subscriptions_next_served
  ON provider_subscriptions (competition_level_id, last_received_at ASC NULLS FIRST, provider_id)
  WHERE is_active;
CREATE INDEX subscriptions_short_of_funds
  ON provider_subscriptions (provider_id) WHERE deactivation_reason = 'insufficient_funds';

CREATE TABLE lead_assignments (
  id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
  lead_id UUID NOT NULL REFERENCES leads (id),
  provider_id UUID NOT NULL REFERENCES providers (id),
  competition_level_id UUID NOT NULL REFERENCES competition_levels (id),
  price_charged NUMERIC(10,2) NOT NULL CHECK (price_charged > 0),
  status TEXT NOT NULL DEFAULT 'new' CHECK (status IN ('new', 'accepted', 'rejected')),
  assigned_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  viewed_at TIMESTAMPTZ,
  decided_at TIMESTAMPTZ,
  refunded_at TIMESTAMPTZ,
  -- A re-run of the distribution, or a provider in two levels, never assigns twice.
  UNIQUE (lead_id, provider_id)
);
-- The inbox: own assignments, newest first.
CREATE INDEX assignments_inbox ON lead_assignments (provider_id, assigned_at DESC, id DESC);

CREATE TABLE provider_ledger (
  id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  provider_id UUID NOT NULL REFERENCES providers (id),
  entry_type TEXT NOT NULL
    CHECK (entry_type IN ('deposit', 'lead_purchase', 'refund', 'manual_credit', 'manual_debit')),
  -- Signed: what the entry adds to the balance.
  amount NUMERIC(10,2) NOT NULL,
  balance_after NUMERIC(10,2) NOT NULL CHECK (balance_after >= 0),
  actor_id UUID,
  actor_role TEXT NOT NULL CHECK (actor_role IN ('admin', 'provider', 'system')),
  lead_id UUID REFERENCES leads (id),
  assignment_id UUID REFERENCES lead_assignments (id),
  memo TEXT,
  correlation_id UUID,
  created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  CHECK (CASE WHEN entry_type IN ('lead_purchase', 'manual_debit') THEN amount < 0 ELSE amount > 0 END),
  CHECK ((entry_type IN ('lead_purchase', 'refund')) = (assignment_id IS NOT NULL))
);
CREATE INDEX ledger_history ON provider_ledger (provider_id, id DESC);
-- An assignment is charged once and refunded at most once.
CREATE UNIQUE INDEX ledger_once_per_assignment ON provider_ledger (assignment_id, entry_type)
  WHERE assignment_id IS NOT NULL;

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END
$$;
CREATE TRIGGER provider_ledger_is_append_only BEFORE UPDATE OR DELETE ON provider_ledger
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER provider_ledger_is_not_truncated BEFORE TRUNCATE ON provider_ledger
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE bad_lead_reports (
  assignment_id UUID PRIMARY KEY REFERENCES lead_assignments (id),
  provider_id UUID NOT NULL REFERENCES providers (id),
  category TEXT NOT NULL CHECK (category IN ('spam', 'duplicate', 'invalid_contact', 'out_of_scope', 'other')),
  notes TEXT CHECK (category <> 'other' OR notes IS NOT NULL),
  status TEXT NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'approved', 'rejected')),
  reported_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  decided_at TIMESTAMPTZ,
  decided_by UUID REFERENCES users (id),
  decision_memo TEXT,
  CHECK ((status = 'pending') = (decided_at IS NULL))
);
CREATE INDEX bad_leads_by_status ON bad_lead_reports (status, reported_at DESC, assignment_id);
CREATE INDEX bad_leads_of_provider ON bad_lead_reports (provider_id, reported_at DESC);

CREATE TABLE report_exports (
  id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
  requested_by UUID NOT NULL REFERENCES users (id),
  -- Null for an admin's export over all providers.
  provider_id UUID REFERENCES providers (id),
  report TEXT NOT NULL,
  filters JSONB NOT NULL DEFAULT '{}',
  status TEXT NOT NULL DEFAULT 'queued' CHECK (status IN ('queued', 'running', 'completed', 'failed')),
  row_count INT,
  -- In the database and not on a disk, so that any api process can serve what any worker wrote.
  content BYTEA,
  error TEXT,
  correlation_id UUID,
  created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  completed_at TIMESTAMPTZ,
  expires_at TIMESTAMPTZ
);
CREATE INDEX report_exports_of_user ON report_exports (requested_by, created_at DESC);
CREATE INDEX report_exports_expiring ON report_exports (expires_at) WHERE content IS NOT NULL;
