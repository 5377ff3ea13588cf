-- Outgoing webhooks: written with the audit event that they tell, in its transaction, so that none is lost.
CREATE TABLE outgoing_webhooks (
  -- The `webhook-id` of every attempt; made from the event and the endpoint.
  delivery_id text PRIMARY KEY,
  model text NOT NULL,
  environment text NOT NULL,
  -- The endpoint's name in the spec; its address and secret are read anew for each attempt.
  endpoint text NOT NULL,
  event text NOT NULL,
  sequence bigint NOT NULL,
  -- The bytes that are signed and sent.
  body text NOT NULL,
  status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'delivered', 'failed')),
  -- Why it failed for good: a registered code and a sentence.
  error jsonb,
  created_at timestamptz NOT NULL DEFAULT now(),
  -- When a workflow took it over; null until then.
  dispatched_at timestamptz,
  finished_at timestamptz
);
CREATE INDEX outgoing_webhooks_to_dispatch ON outgoing_webhooks (environment, sequence) WHERE dispatched_at IS NULL;
CREATE INDEX outgoing_webhooks_newest ON outgoing_webhooks (environment, created_at DESC);

CREATE TABLE outgoing_webhook_attempts (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  delivery_id text NOT NULL REFERENCES outgoing_webhooks,
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- What the endpoint answered; null when no answer came.
  status_code integer,
  -- null for a delivery.
  error jsonb,
  duration_ms double precision NOT NULL
);
CREATE INDEX outgoing_webhook_attempts_by_delivery ON outgoing_webhook_attempts (delivery_id, id);
