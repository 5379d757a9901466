-- What Slack asked and we took up, by Slack's own id of it (trigger_id, event_id): asked again, it has no effect.
create table slack_requests (
  workspace_id uuid not null references workspaces on delete cascade,
  key text not null,
  asked_at timestamptz not null default now(),
  primary key (workspace_id, key)
);
create index slack_requests_age on slack_requests (workspace_id, asked_at);

-- An answer that somebody in Slack waits for: progress and result go to where the question was asked.
create table slack_replies (
  workspace_id uuid not null references workspaces on delete cascade,
  id uuid not null default gen_random_uuid(),
  team_id text not null,
  channel_id text not null,
  user_id text not null,
  form text not null check (form in ('card', 'comparison', 'pitch')),
  -- In the order in which they were asked for.
  company_ids uuid[] not null,
  -- The run that finds it; null: everything is stored.
  run_id uuid,
  -- What to say instead of an answer: { what, fix, good }.
  problem jsonb,
  -- The response_url, sealed: whoever has it may post in the channel. Null: there is none, and the answer is a direct message.
  key_id text,
  sealed bytea,
  -- message: in place of the message that was clicked; channel: where everybody in it sees it, if the app may post there;
  -- person: where only who asked sees it.
  place text not null check (place in ('message', 'channel', 'person')),
  -- It takes five messages in thirty minutes. Counted before each is sent.
  uses integer not null default 0,
  expires_at timestamptz not null,
  -- The progress that stands in Slack.
  shown text not null,
  shown_at timestamptz not null default now(),
  -- The channel into which we may have posted a message of our own for it, so that the next try looks there first; and that message.
  posted_channel text,
  posted_ts text,
  state text not null default 'open' check (state in ('open', 'answered', 'given-up')),
  -- Why nobody could be told.
  reason text,
  -- Counts claims; what a worker says counts only for the claim that it belongs to.
  attempt integer not null default 0,
  leased_until timestamptz,
  asked_at timestamptz not null default now(),
  settled_at timestamptz,
  primary key (workspace_id, id),
  foreign key (workspace_id, run_id) references runs on delete cascade
);
create index slack_replies_run on slack_replies (workspace_id, run_id) where state = 'open';
create index slack_replies_age on slack_replies (workspace_id, asked_at);

-- Where the app may post, as it found when it tried: there everybody sees an answer, elsewhere who asked alone.
create table slack_channels (
  workspace_id uuid not null references workspaces on delete cascade,
  team_id text not null,
  channel_id text not null,
  may_post boolean not null,
  learned_at timestamptz not null default now(),
  primary key (workspace_id, team_id, channel_id)
);

select isolate_workspaces(t::regclass) from unnest(array['slack_requests', 'slack_replies', 'slack_channels']) as t;
