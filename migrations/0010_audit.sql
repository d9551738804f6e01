-- Up Migration

-- Who did what, when, why and from where. An entry is written in the transaction of what it tells of.
CREATE TABLE audit_log (
  id             BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  -- The database's clock: an entry is not dated by the process that writes it.
  at             TIMESTAMPTZ NOT NULL DEFAULT now(),
  -- No foreign key: an entry outlives its actor.
  actor_id       UUID NOT NULL,
  actor_role     TEXT NOT NULL,
  action         TEXT NOT NULL,
  target_type    TEXT NOT NULL,
  target_id      TEXT NOT NULL,
  reason         TEXT,
  changes        JSONB NOT NULL DEFAULT '{}',
  ip             TEXT NOT NULL,
  user_agent     TEXT,
  correlation_id UUID NOT NULL
);

-- A walk along one index for each filter, newest first.
CREATE INDEX audit_log_actor ON audit_log (actor_id, id DESC);
CREATE INDEX audit_log_action ON audit_log (action, id DESC);
CREATE INDEX audit_log_target ON audit_log (target_id, id DESC);
CREATE INDEX audit_log_target_type ON audit_log (target_type, id DESC);
CREATE INDEX audit_log_correlation ON audit_log (correlation_id, id DESC);
CREATE INDEX audit_log_at ON audit_log (at, id);

-- Append-only, for the owner and for superusers too. ALWAYS: in a session that plays a replica
-- (session_replication_role) other triggers don't fire.
CREATE TRIGGER audit_log_is_append_only BEFORE UPDATE OR DELETE ON audit_log
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_log_is_not_truncated BEFORE TRUNCATE ON audit_log
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE audit_log ENABLE ALWAYS TRIGGER audit_log_is_append_only;
ALTER TABLE audit_log ENABLE ALWAYS TRIGGER audit_log_is_not_truncated;
-- And without the right to: the role that migrates is the application's.
REVOKE UPDATE, DELETE, TRUNCATE ON audit_log FROM PUBLIC, CURRENT_USER;
