-- Rows that a CRM sent and that could not be taken, for administrators to see: never more than so many per object
-- (store/unreadable-rows.ts).
create table unreadable_rows (
  workspace_id uuid not null,
  connection_id uuid not null,
  object text not null,
  -- Its id as far as it can be shown.
  shown_id text not null,
  problem text not null,
  first_seen_at timestamptz not null default now(),
  seen_at timestamptz not null default now(),
  primary key (workspace_id, connection_id, object, shown_id),
  foreign key (workspace_id, connection_id) references connections on delete cascade
);
select isolate_workspaces('unreadable_rows');
