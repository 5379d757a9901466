-- Who is signed in to the pages, in which browser. The browser's cookie names the workspace; at rest there is only its hash.
create table sessions (
  workspace_id uuid not null references workspaces on delete cascade,
  -- SHA-256 of the cookie, which holds 192 random bits.
  token_hash bytea not null,
  -- As the provider vouched for it, lower case.
  email text not null,
  name text not null,
  signed_in_at timestamptz not null default now(),
  -- To the minute.
  last_seen_at timestamptz not null default now(),
  expires_at timestamptz not null,
  primary key (workspace_id, token_hash)
);
create index sessions_person on sessions (workspace_id, email, signed_in_at);
create index sessions_age on sessions (workspace_id, last_seen_at);

select isolate_workspaces('sessions');
