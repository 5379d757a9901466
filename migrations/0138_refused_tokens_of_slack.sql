-- A Slack workspace whose token Slack refuses (revoked, deactivated): nothing is sent there with that token but a look now and then.
create table slack_refusals (
  workspace_id uuid not null references workspaces on delete cascade,
  team_id text not null,
  -- Which token: a hash of it, so that another one is tried at once.
  mark text not null,
  -- Slack's own code.
  reason text not null,
  since timestamptz not null default now(),
  looked_at timestamptz not null default now(),
  primary key (workspace_id, team_id)
);

select isolate_workspaces('slack_refusals');
