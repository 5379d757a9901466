-- "Wrong?": what people say of a score, for whoever runs Fieldnote to see.
create table votes (
  workspace_id uuid not null,
  id uuid not null default gen_random_uuid(),
  company_id uuid not null,
  -- The score that it is about.
  score_id bigint,
  reason text not null,
  note text,
  -- Who says so: an e-mail address, or what Slack calls them.
  voter text not null,
  voted_at timestamptz not null default now(),
  primary key (workspace_id, id),
  foreign key (workspace_id, company_id) references companies on delete cascade
);
create index votes_company on votes (workspace_id, company_id, voted_at desc);

-- A person in Slack: who they are in the CRM, and what they want to hear.
create table slack_people (
  workspace_id uuid not null references workspaces on delete cascade,
  team_id text not null,
  user_id text not null,
  email text,
  -- When Slack was last asked for the address.
  looked_up_at timestamptz,
  alerts boolean not null default true,
  muted_until timestamptz,
  -- The least move in points that is told.
  least_move integer not null default 10,
  primary key (workspace_id, team_id, user_id)
);

-- Who wants to hear when a company's score moves.
create table slack_watches (
  workspace_id uuid not null,
  team_id text not null,
  user_id text not null,
  company_id uuid not null,
  watched_at timestamptz not null default now(),
  primary key (workspace_id, company_id, team_id, user_id),
  foreign key (workspace_id, company_id) references companies on delete cascade
);

select isolate_workspaces(t::regclass) from unnest(array['votes', 'slack_people', 'slack_watches']) as t;
