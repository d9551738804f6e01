-- Up Migration

-- What end users ask quotes for.
CREATE TABLE niches (
  id                              UUID PRIMARY KEY DEFAULT gen_random_uuid(),
  slug                            VARCHAR(100) NOT NULL UNIQUE CHECK (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$'),
  name                            VARCHAR(200) NOT NULL,
  -- Where the distribution of the niche's next lead starts; read and advanced under a row lock.
  next_start_level_order_position INT NOT NULL DEFAULT 1 CHECK (next_start_level_order_position >= 1),
  -- An inactive niche takes no new leads.
  active                          BOOLEAN NOT NULL DEFAULT TRUE,
  created_at                      TIMESTAMPTZ NOT NULL DEFAULT now()
);

INSERT INTO niches (slug, name) VALUES
  ('vps-hosting', 'VPS hosting'),
  ('dedicated-servers', 'Dedicated servers');

CREATE TABLE leads (
  id               UUID PRIMARY KEY DEFAULT gen_random_uuid(),
  niche_id         UUID NOT NULL REFERENCES niches (id),
  contact_name     VARCHAR(200) NOT NULL,
  email            VARCHAR(254) NOT NULL,
  -- Digits, with a leading + where the country code was given.
  phone            VARCHAR(16) NOT NULL CHECK (phone ~ '^\+?[0-9]{7,15}$'),
  answers          JSONB NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(answers) = 'object'),
  status           TEXT NOT NULL DEFAULT 'pending_confirmation'
                   CHECK (status IN ('pending_confirmation', 'pending_approval', 'approved', 'rejected')),
  -- The request that submitted it.
  correlation_id   UUID,
  created_at       TIMESTAMPTZ NOT NULL DEFAULT now(),
  confirmed_at     TIMESTAMPTZ,
  -- Approved or rejected: when, by which admin, and why it was rejected.
  decided_at       TIMESTAMPTZ,
  decided_by       UUID,
  rejection_reason TEXT,
  CONSTRAINT leads_confirmed_before_approval
    CHECK (status NOT IN ('pending_approval', 'approved') OR confirmed_at IS NOT NULL),
  CONSTRAINT leads_decision_says_when
    CHECK ((status IN ('approved', 'rejected')) = (decided_at IS NOT NULL)),
  CONSTRAINT leads_only_the_rejected_have_a_reason
    CHECK (status = 'rejected' OR rejection_reason IS NULL)
);

-- The admin's lists: by status, newest first.
CREATE INDEX leads_by_status ON leads (status, created_at DESC, id DESC);
CREATE INDEX leads_by_niche ON leads (niche_id, created_at DESC);

-- Links in confirmation emails.
CREATE TABLE lead_confirmations (
  -- SHA-256 of the token: who reads this table can't confirm with it.
  token_hash BYTEA PRIMARY KEY,
  lead_id    UUID NOT NULL REFERENCES leads (id) ON DELETE CASCADE,
  expires_at TIMESTAMPTZ NOT NULL,
  used_at    TIMESTAMPTZ
);

CREATE INDEX lead_confirmations_lead ON lead_confirmations (lead_id);

-- One row per attempt to send an email.
CREATE TABLE email_events (
  id             UUID PRIMARY KEY DEFAULT gen_random_uuid(),
  -- The lead that the email is about. No foreign key: the record outlives what it tells of.
  lead_id        UUID,
  job_id         TEXT NOT NULL,
  template       VARCHAR(100) NOT NULL,
  recipient      VARCHAR(254) NOT NULL,
  status         TEXT NOT NULL CHECK (status IN ('sent', 'failed')),
  -- The Message-ID header, in angle brackets.
  message_id     TEXT NOT NULL,
  -- Why the attempt failed, without personal data.
  error          TEXT,
  attempt        INT NOT NULL CHECK (attempt >= 1),
  correlation_id UUID,
  created_at     TIMESTAMPTZ NOT NULL DEFAULT now(),
  CONSTRAINT email_events_failure_says_why CHECK ((status = 'failed') = (error IS NOT NULL))
);

-- A job's mail counts as sent once. The recipient and template are in it because the engine numbers jobs
-- that came without an id, and starts at 1 again when it was emptied.
CREATE UNIQUE INDEX email_events_sent_once ON email_events (job_id, recipient, template) WHERE status = 'sent';
CREATE INDEX email_events_job ON email_events (job_id, created_at);
CREATE INDEX email_events_lead ON email_events (lead_id, created_at) WHERE lead_id IS NOT NULL;
CREATE INDEX email_events_correlation ON email_events (correlation_id) WHERE correlation_id IS NOT NULL;
CREATE INDEX email_events_created ON email_events (created_at);
