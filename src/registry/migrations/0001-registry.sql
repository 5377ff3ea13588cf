-- Models, specs, versions and every decision about them. Times are the database's.

CREATE TABLE models (
  model text NOT NULL,
  environment text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  created_by text NOT NULL,
  next_version integer NOT NULL DEFAULT 1,
  PRIMARY KEY (model, environment)
);

CREATE TABLE model_specs (
  model text NOT NULL,
  environment text NOT NULL,
  revision integer NOT NULL,
  digest text NOT NULL,
  -- As parsed, with every default; file references are resolved to their text.
  spec jsonb NOT NULL,
  -- Blob of the files beside the spec (trainers), content-addressed.
  bundle text,
  applied_at timestamptz NOT NULL DEFAULT now(),
  applied_by text NOT NULL,
  PRIMARY KEY (model, environment, revision),
  FOREIGN KEY (model, environment) REFERENCES models
);

CREATE TABLE dataset_versions (
  digest text PRIMARY KEY,
  model text NOT NULL,
  environment text NOT NULL,
  source text NOT NULL,
  rows bigint NOT NULL,
  manifest jsonb NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);

-- The state of one source: its last good dataset and how far it has been read.
CREATE TABLE source_states (
  model text NOT NULL,
  environment text NOT NULL,
  source text NOT NULL,
  dataset text REFERENCES dataset_versions (digest),
  watermark jsonb,
  event_time_max timestamptz,
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (model, environment, source)
);

CREATE TABLE quarantined_batches (
  batch_id text PRIMARY KEY,
  model text NOT NULL,
  environment text NOT NULL,
  source text NOT NULL,
  rows bigint NOT NULL,
  blob text NOT NULL,
  failures jsonb NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE feature_materialisations (
  model text NOT NULL,
  environment text NOT NULL,
  view text NOT NULL,
  digest text NOT NULL,
  rows bigint NOT NULL,
  datasets jsonb NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (model, environment, view)
);

CREATE TABLE online_features (
  model text NOT NULL,
  environment text NOT NULL,
  view text NOT NULL,
  -- Key values in the view's key order, as a JSON array.
  key text NOT NULL,
  values jsonb NOT NULL,
  event_time timestamptz NOT NULL,
  PRIMARY KEY (model, environment, view, key)
);

CREATE TABLE versions (
  model text NOT NULL,
  environment text NOT NULL,
  version integer NOT NULL,
  stage text NOT NULL,
  spec_revision integer NOT NULL,
  trigger_key text NOT NULL,
  trigger jsonb NOT NULL,
  requested_by text NOT NULL,
  run_id text,
  artifact text,
  size_bytes bigint,
  signature jsonb,
  evaluation_id text,
  card text,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (model, environment, version),
  UNIQUE (model, environment, trigger_key),
  FOREIGN KEY (model, environment) REFERENCES models
);
CREATE UNIQUE INDEX one_champion ON versions (model, environment) WHERE stage = 'champion';

CREATE TABLE version_stages (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  model text NOT NULL,
  environment text NOT NULL,
  version integer NOT NULL,
  stage text NOT NULL,
  reason text NOT NULL,
  actor text NOT NULL,
  at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX version_stages_by_version ON version_stages (model, environment, version, id);

CREATE TABLE runs (
  run_id text PRIMARY KEY,
  model text NOT NULL,
  environment text NOT NULL,
  version integer NOT NULL,
  status text NOT NULL,
  attempt integer NOT NULL DEFAULT 0,
  frame text NOT NULL,
  parameters jsonb NOT NULL,
  seed bigint NOT NULL,
  code_digest text,
  runtime jsonb NOT NULL DEFAULT '{}',
  metrics jsonb NOT NULL DEFAULT '{}',
  feature_importance jsonb,
  signature jsonb,
  artifact text,
  size_bytes bigint,
  log_blob text,
  files jsonb NOT NULL DEFAULT '[]',
  error jsonb,
  started_at timestamptz NOT NULL DEFAULT now(),
  finished_at timestamptz
);

CREATE TABLE frames (
  digest text PRIMARY KEY,
  model text NOT NULL,
  environment text NOT NULL,
  version integer NOT NULL,
  manifest jsonb NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE evaluations (
  evaluation_id text PRIMARY KEY,
  model text NOT NULL,
  environment text NOT NULL,
  version integer NOT NULL,
  report jsonb NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE gate_reports (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  model text NOT NULL,
  environment text NOT NULL,
  version integer NOT NULL,
  evidence_hash text NOT NULL,
  report jsonb NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (model, environment, version, evidence_hash)
);

CREATE TABLE decisions (
  decision_id text PRIMARY KEY,
  model text NOT NULL,
  environment text NOT NULL,
  version integer,
  kind text NOT NULL,
  outcome text NOT NULL,
  reason text NOT NULL,
  actor text NOT NULL,
  roles jsonb NOT NULL DEFAULT '[]',
  evidence_hash text,
  evidence jsonb NOT NULL DEFAULT '{}',
  at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX decisions_by_model ON decisions (model, environment, at);

CREATE TABLE aliases (
  model text NOT NULL,
  environment text NOT NULL,
  alias text NOT NULL,
  version integer NOT NULL,
  set_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (model, environment, alias)
);

-- Append-only: the newest generation is what gateways obey.
CREATE TABLE routes (
  model text NOT NULL,
  environment text NOT NULL,
  generation integer NOT NULL,
  key text NOT NULL,
  -- [{"version": 3, "weight": 95}, …], summing to 100.
  weights jsonb NOT NULL,
  shadow jsonb NOT NULL DEFAULT '[]',
  champion integer,
  reason text NOT NULL,
  actor text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (model, environment, generation),
  UNIQUE (model, environment, key)
);

CREATE TABLE gateways (
  gateway_id text NOT NULL,
  environment text NOT NULL,
  url text NOT NULL,
  started_at timestamptz NOT NULL DEFAULT now(),
  last_seen timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (gateway_id, environment)
);

CREATE TABLE route_acks (
  gateway_id text NOT NULL,
  model text NOT NULL,
  environment text NOT NULL,
  generation integer NOT NULL,
  -- null when the gateway obeys it; else why it could not.
  error text,
  at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (gateway_id, model, environment)
);

CREATE TABLE baselines (
  model text NOT NULL,
  environment text NOT NULL,
  version integer NOT NULL,
  baseline jsonb NOT NULL,
  at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (model, environment, version)
);

-- One sealed segment of a gateway's spool; `segment_id` is made when the segment is opened.
CREATE TABLE prediction_segments (
  segment_id text PRIMARY KEY,
  gateway_id text NOT NULL,
  environment text NOT NULL,
  -- {"requests": {"blob": …, "rows": …}, "items": {…}, "outcomes": {…}}; absent kinds are left out.
  parts jsonb NOT NULL,
  first_at timestamptz NOT NULL,
  last_at timestamptz NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX prediction_segments_by_time ON prediction_segments (environment, last_at);

CREATE TABLE findings (
  id text PRIMARY KEY,
  pass_id text NOT NULL,
  model text NOT NULL,
  environment text NOT NULL,
  monitor text NOT NULL,
  version integer NOT NULL,
  status text NOT NULL,
  finding jsonb NOT NULL,
  window_end timestamptz NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX findings_by_monitor ON findings (model, environment, monitor, version, window_end DESC);

CREATE TABLE incidents (
  incident_id text PRIMARY KEY,
  model text NOT NULL,
  environment text NOT NULL,
  severity text NOT NULL,
  status text NOT NULL DEFAULT 'open',
  title text NOT NULL,
  summary text NOT NULL,
  facts jsonb NOT NULL DEFAULT '{}',
  opened_at timestamptz NOT NULL DEFAULT now(),
  acknowledged_at timestamptz,
  acknowledged_by text,
  resolved_at timestamptz,
  resolved_by text
);

CREATE TABLE deliveries (
  key text NOT NULL,
  channel text NOT NULL,
  thread text NOT NULL,
  recipient text NOT NULL,
  -- Slack's message timestamp or the e-mail's Message-ID, for replies in the thread.
  external_id text NOT NULL,
  at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (key, channel, recipient)
);
CREATE INDEX deliveries_by_thread ON deliveries (thread, channel, recipient, at);

CREATE TABLE audit_events (
  seq bigint PRIMARY KEY,
  at timestamptz NOT NULL,
  actor text NOT NULL,
  action text NOT NULL,
  model text,
  environment text,
  version integer,
  data jsonb NOT NULL,
  previous_hash text NOT NULL,
  hash text NOT NULL
);
CREATE INDEX audit_events_by_model ON audit_events (model, environment, seq);
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
END $$;
CREATE TRIGGER audit_events_append_only BEFORE UPDATE OR DELETE ON audit_events
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER routes_append_only BEFORE UPDATE OR DELETE ON routes
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER version_stages_append_only BEFORE UPDATE OR DELETE ON version_stages
  FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TABLE tokens (
  token_id text PRIMARY KEY,
  actor text NOT NULL,
  roles jsonb NOT NULL,
  hash text NOT NULL UNIQUE,
  created_at timestamptz NOT NULL DEFAULT now(),
  created_by text NOT NULL,
  expires_at timestamptz,
  revoked_at timestamptz,
  last_used_at timestamptz
);

CREATE TABLE webhook_deliveries (
  endpoint text NOT NULL,
  delivery_id text NOT NULL,
  received_at timestamptz NOT NULL DEFAULT now(),
  answer jsonb,
  PRIMARY KEY (endpoint, delivery_id)
);
