-- Up Migration

ALTER TABLE users
  DROP CONSTRAINT users_role_check,
  ADD CONSTRAINT users_role_check CHECK (role IN ('viewer', 'operator', 'admin', 'provider')),
  ADD COLUMN last_sign_in_at TIMESTAMPTZ,
  -- Since when the user can't sign in.
  ADD COLUMN disabled_at TIMESTAMPTZ;

ALTER TABLE sessions
  -- What the session's owner knows it by; the token's hash stays here.
  ADD COLUMN id UUID NOT NULL DEFAULT gen_random_uuid(),
  -- When the password was last given together with the second factor, where the user has one.
  ADD COLUMN confirmed_at TIMESTAMPTZ,
  ADD CONSTRAINT sessions_id UNIQUE (id);

-- One-time codes in place of a TOTP code. A used one is gone.
CREATE TABLE recovery_codes (
  user_id   UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  -- SHA-256: 80 random bits can't be guessed.
  code_hash BYTEA NOT NULL,
  PRIMARY KEY (user_id, code_hash)
);

-- Browsers that their user has signed in with. Each has a row of failures of its own, so that a stranger's
-- wrong passwords lock strangers out.
CREATE TABLE known_devices (
  -- SHA-256 of the cookie.
  token_hash    BYTEA PRIMARY KEY,
  user_id       UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  failed_logins INT NOT NULL DEFAULT 0,
  locked_until  TIMESTAMPTZ,
  expires_at    TIMESTAMPTZ NOT NULL
);
CREATE INDEX known_devices_user ON known_devices (user_id, expires_at DESC);
CREATE INDEX known_devices_expires_at ON known_devices (expires_at);

CREATE TABLE api_tokens (
  id           UUID PRIMARY KEY DEFAULT gen_random_uuid(),
  -- SHA-256 of the token.
  token_hash   BYTEA NOT NULL UNIQUE,
  user_id      UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  name         TEXT NOT NULL,
  -- Names of contract/access.ts; one that the product has given up since lets nobody do anything.
  permissions  TEXT[] NOT NULL,
  created_at   TIMESTAMPTZ NOT NULL,
  expires_at   TIMESTAMPTZ NOT NULL,
  -- Written at most once a minute.
  last_used_at TIMESTAMPTZ
);
CREATE INDEX api_tokens_user ON api_tokens (user_id);
CREATE INDEX api_tokens_newest ON api_tokens (created_at DESC, id DESC);
CREATE INDEX api_tokens_expires_at ON api_tokens (expires_at);

-- The API token that an actor's program came with. No foreign key: an entry outlives the token.
ALTER TABLE audit_log ADD COLUMN token_id UUID;
