-- The thread that an answer goes into, or that its file does where the answer itself is for one person's eyes. Null: none.
alter table slack_replies add column thread_ts text;

-- A pitch that is to be put into Slack as a PDF, once: into the thread of its message, or a direct message.
create table slack_files (
  workspace_id uuid not null,
  id uuid not null default gen_random_uuid(),
  team_id text not null,
  -- Who asked for it.
  user_id text not null,
  company_id uuid not null,
  -- Null: a direct message to who asked, outside of any thread.
  channel_id text,
  thread_ts text,
  -- Slack's id of the file that may stand there already, so that the next try looks first.
  file_id text,
  state text not null default 'open' check (state in ('open', 'sent', 'dropped')),
  -- Why it could not be put there.
  reason text,
  attempt integer not null default 0,
  leased_until timestamptz,
  asked_at timestamptz not null default now(),
  settled_at timestamptz,
  primary key (workspace_id, id),
  foreign key (workspace_id, company_id) references companies on delete cascade
);
create index slack_files_age on slack_files (workspace_id, asked_at);

select isolate_workspaces('slack_files');
