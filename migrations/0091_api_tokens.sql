-- Who may call the JSON API, and for what. A token itself names its workspace; at rest there is only its hash.
create table api_tokens (
  workspace_id uuid not null references workspaces on delete cascade,
  id text not null,
  name text not null,
  scope text not null check (scope in ('read', 'write', 'admin')),
  -- SHA-256 of the whole token, which holds 256 random bits.
  hash bytea not null,
  created_at timestamptz not null default now(),
  -- To the minute.
  last_used_at timestamptz,
  expires_at timestamptz not null,
  revoked_at timestamptz,
  primary key (workspace_id, id)
);

-- What a caller asked under an Idempotency-Key, and what it led to: asked again, it has no further effect.
create table api_requests (
  workspace_id uuid not null references workspaces on delete cascade,
  -- Id of the token; empty: a caller on this machine without one.
  caller text not null,
  key text not null,
  -- SHA-256 of method, path and body.
  fingerprint bytea not null,
  answer jsonb,
  asked_at timestamptz not null default now(),
  primary key (workspace_id, caller, key)
);
create index api_requests_age on api_requests (workspace_id, asked_at);

select isolate_workspaces(t::regclass) from unnest(array['api_tokens', 'api_requests']) as t;
