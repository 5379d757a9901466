-- A company's score moved, and somebody wants to hear of it: one message a person, company and day of the score.
create table slack_alerts (
  workspace_id uuid not null,
  id uuid not null default gen_random_uuid(),
  team_id text not null,
  user_id text not null,
  company_id uuid not null,
  -- The day of the score that moved, and what stood before.
  as_of date not null,
  score_before numeric not null,
  band_before text not null,
  -- A message may have gone out, so that the next try looks first.
  sending boolean not null default false,
  state text not null default 'open' check (state in ('open', 'sent', 'dropped')),
  reason text,
  attempt integer not null default 0,
  leased_until timestamptz,
  planned_at timestamptz not null default now(),
  settled_at timestamptz,
  primary key (workspace_id, id),
  unique (workspace_id, company_id, team_id, user_id, as_of),
  foreign key (workspace_id, company_id) references companies on delete cascade
);
create index slack_alerts_age on slack_alerts (workspace_id, planned_at);

-- Which Slack workspace belongs to which workspace. Read before the tenant is known, so it carries no policy, and no secret.
create table slack_teams (
  team_id text primary key,
  workspace_id uuid not null references workspaces on delete cascade,
  name text not null,
  installed_at timestamptz not null default now()
);

-- The app's token there, sealed.
create table slack_installations (
  workspace_id uuid not null references workspaces on delete cascade,
  team_id text not null,
  bot_user_id text not null,
  scopes text[] not null,
  key_id text not null,
  sealed bytea not null,
  installed_at timestamptz not null default now(),
  primary key (workspace_id, team_id)
);

select isolate_workspaces(t::regclass) from unnest(array['slack_alerts', 'slack_installations']) as t;
