-- What would become of a value that a dry run planned, once the CRM was read for it. Null: not read yet, or no dry run's.
alter table writes add column verdict text;

-- The reading of the CRMs for a dry run: what the real one would cost, and what could not be read.
create table rehearsals (
  workspace_id uuid not null,
  run_id uuid not null,
  asked_at timestamptz not null default now(),
  -- When all of it was read; null: not yet.
  read_at timestamptz,
  calls jsonb,
  unread jsonb,
  -- Why nobody will read it any more.
  failed_because text,
  primary key (workspace_id, run_id),
  foreign key (workspace_id, run_id) references runs on delete cascade
);

select isolate_workspaces('rehearsals');
