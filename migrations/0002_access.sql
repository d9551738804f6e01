-- Up Migration

-- Who may sign in. Times come from the application's clock, which also reads the TOTP codes.
CREATE TABLE users (
  id                  UUID PRIMARY KEY DEFAULT gen_random_uuid(),
  email               VARCHAR(254) NOT NULL,
  role                TEXT NOT NULL CHECK (role IN ('admin', 'provider')),
  -- argon2id, as a PHC string.
  password_hash       TEXT NOT NULL,
  -- Base32; null until MFA is set up.
  totp_secret         TEXT,
  -- Handed out by the enrolment and not yet confirmed with a code.
  totp_pending_secret TEXT,
  -- The time step of the last accepted code: a code works once.
  totp_last_step      BIGINT,
  mfa_enrolled_at     TIMESTAMPTZ,
  -- Wrong passwords and codes in a row.
  failed_logins       INT NOT NULL DEFAULT 0,
  locked_until        TIMESTAMPTZ,
  created_at          TIMESTAMPTZ NOT NULL DEFAULT now(),
  CONSTRAINT users_enrolled_with_secret CHECK ((totp_secret IS NULL) = (mfa_enrolled_at IS NULL))
);

-- One account per address, however it is written.
CREATE UNIQUE INDEX users_email ON users (lower(email));
-- "Is there an admin yet?" is asked at every start.
CREATE INDEX users_admins ON users (id) WHERE role = 'admin';

CREATE TABLE sessions (
  -- SHA-256 of the token: who reads this table can't sign in with it.
  token_hash   BYTEA PRIMARY KEY,
  user_id      UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  stage        TEXT NOT NULL CHECK (stage IN ('enrol', 'challenge', 'full')),
  -- Wrong codes given in this session.
  bad_codes    INT NOT NULL DEFAULT 0,
  created_at   TIMESTAMPTZ NOT NULL,
  -- Written at most once a minute.
  last_seen_at TIMESTAMPTZ NOT NULL,
  -- The absolute end, counted from the password.
  expires_at   TIMESTAMPTZ NOT NULL,
  -- The next end: of the idle time or the absolute one, whichever comes first.
  valid_until  TIMESTAMPTZ NOT NULL,
  ip           VARCHAR(64) NOT NULL,
  user_agent   VARCHAR(256)
);

CREATE INDEX sessions_user ON sessions (user_id);
CREATE INDEX sessions_valid_until ON sessions (valid_until);

-- One-time tokens that make the first admin.
CREATE TABLE setup_tokens (
  token_hash BYTEA PRIMARY KEY,
  created_at TIMESTAMPTZ NOT NULL,
  expires_at TIMESTAMPTZ NOT NULL,
  used_at    TIMESTAMPTZ
);
