-- Keys with which a Salesforce org signs what its card and buttons ask.
create table button_keys (
  workspace_id uuid not null,
  id text not null,
  -- The org for which it speaks.
  connection_id uuid not null,
  -- Sealed and not hashed: a signature is checked with the secret itself. Which SECRET_KEY opens it.
  key_id text not null,
  sealed bytea not null,
  created_at timestamptz not null default now(),
  -- To the minute.
  last_used_at timestamptz,
  revoked_at timestamptz,
  primary key (workspace_id, id),
  foreign key (workspace_id, connection_id) references connections on delete cascade
);

-- Signatures that were taken, for longer than their time would let them in: each counts once.
create table button_signatures (
  workspace_id uuid not null references workspaces on delete cascade,
  signature bytea not null,
  taken_at timestamptz not null default now(),
  primary key (workspace_id, signature)
);
create index button_signatures_age on button_signatures (workspace_id, taken_at);

select isolate_workspaces(t::regclass) from unnest(array['button_keys', 'button_signatures']) as t;
