-- Up Migration

-- Every process of the fleet writes down that it is alive, and takes its row away when it stops in order.
CREATE TABLE processes (
  -- Of this run of the process.
  id         UUID PRIMARY KEY,
  role       TEXT NOT NULL,
  host       TEXT NOT NULL,
  pid        INT NOT NULL,
  version    TEXT NOT NULL,
  -- The queues that it serves: { "email_send": 10 }, how many jobs of each it runs at once.
  queues     JSONB NOT NULL,
  started_at TIMESTAMPTZ NOT NULL,
  -- The database's clock: those of the processes may differ.
  seen_at    TIMESTAMPTZ NOT NULL DEFAULT now(),
  ready      BOOLEAN NOT NULL,
  -- Why it is not ready.
  reasons    TEXT[] NOT NULL
) WITH (fillfactor = 50); -- Each row is written every 10 s: there is room for the next version in its page.

-- Queues that somebody has paused. Workers obey the engine; this says who, why and until when.
CREATE TABLE queue_pauses (
  queue_name     TEXT PRIMARY KEY,
  paused_by      UUID NOT NULL,
  paused_at      TIMESTAMPTZ NOT NULL DEFAULT now(),
  reason         TEXT NOT NULL,
  -- Null: until somebody resumes it.
  resumes_at     TIMESTAMPTZ,
  -- Role, address and browser, and the request: the entry of the audit log when it resumes by itself has them.
  asked_from     JSONB NOT NULL,
  correlation_id UUID NOT NULL
);
