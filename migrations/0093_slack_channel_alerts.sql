-- A channel in Slack that wants to hear of accounts, runs and the budget, and when.
create table slack_channel_alerts (
  workspace_id uuid not null references workspaces on delete cascade,
  team_id text not null,
  channel_id text not null,
  -- Who set it last: they are told where nothing can be posted.
  set_by text not null,
  set_at timestamptz not null default now(),
  reached_a boolean not null,
  moved boolean not null,
  -- The least move in points that is told.
  least_move integer not null,
  runs boolean not null,
  budget boolean not null,
  cadence text not null check (cadence in ('at-once', 'daily', 'weekly')),
  -- ISO: 1 is Monday.
  weekday integer not null check (weekday between 1 and 7),
  hour integer not null check (hour between 0 and 23),
  time_zone text not null,
  muted_until timestamptz,
  -- Why nothing can be posted there. While it is set nothing is tried: setting the alerts again clears it.
  problem text,
  primary key (workspace_id, team_id, channel_id)
);

-- A message into such a channel, once.
create table slack_posts (
  workspace_id uuid not null,
  id uuid not null default gen_random_uuid(),
  team_id text not null,
  channel_id text not null,
  -- settings: what the channel hears from now on.
  kind text not null check (kind in ('news', 'settings')),
  -- It still takes in what happens.
  gathering boolean not null,
  due_at timestamptz not null,
  -- A message may have gone out, so that the next try looks first.
  sending boolean not null default false,
  state text not null default 'open' check (state in ('open', 'sent', 'dropped')),
  reason text,
  attempt integer not null default 0,
  leased_until timestamptz,
  planned_at timestamptz not null default now(),
  settled_at timestamptz,
  primary key (workspace_id, id),
  foreign key (workspace_id, team_id, channel_id) references slack_channel_alerts on delete cascade
);
create unique index slack_posts_gathering on slack_posts (workspace_id, team_id, channel_id) where gathering;
create index slack_posts_channel on slack_posts (workspace_id, team_id, channel_id, planned_at);

-- What happened, for each channel that wants to hear of it, once.
create table slack_news (
  workspace_id uuid not null,
  id bigint generated always as identity,
  team_id text not null,
  channel_id text not null,
  -- What tells one thing that happened from another.
  key text not null,
  kind text not null check (kind in ('score', 'run', 'budget')),
  company_id uuid,
  -- The score before; null: there was none.
  score_before_id bigint,
  run_id uuid,
  spent_usd numeric,
  limit_usd numeric,
  -- The message that tells it; null: it waits for the next one.
  post_id uuid,
  happened_at timestamptz not null default now(),
  primary key (workspace_id, id),
  unique (workspace_id, team_id, channel_id, key),
  foreign key (workspace_id, team_id, channel_id) references slack_channel_alerts on delete cascade,
  foreign key (workspace_id, post_id) references slack_posts on delete cascade,
  foreign key (workspace_id, company_id) references companies on delete cascade,
  foreign key (workspace_id, run_id) references runs on delete cascade
);
create index slack_news_post on slack_news (workspace_id, post_id);
create index slack_news_waiting on slack_news (workspace_id, team_id, channel_id) where post_id is null;
create index slack_news_company on slack_news (workspace_id, company_id);
create index slack_news_run on slack_news (workspace_id, run_id);

select isolate_workspaces(t::regclass) from unnest(array['slack_channel_alerts', 'slack_posts', 'slack_news']) as t;

-- Where a person's hours are, as Slack says: what a new digest begins with.
alter table slack_people add column time_zone text;
