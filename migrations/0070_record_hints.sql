-- What somebody outside told us about one record (a webhook, a change event): look at it. No content is taken from there: the record
-- is read by its id, and then the row goes. Many tellings of one record are one row.
create table record_hints (
  workspace_id uuid not null,
  connection_id uuid not null,
  object text not null,
  external_id text not null,
  -- gone: a sync may need several rounds to come by it, so that only a read settles it.
  kind text not null check (kind in ('changed', 'gone', 'merged')),
  -- When it was told last, and how often: a read settles only what had been told before it.
  told_at timestamptz not null default clock_timestamp(),
  times integer not null default 1,
  -- Reads that failed although the CRM was there.
  failures integer not null default 0,
  primary key (workspace_id, connection_id, object, external_id),
  foreign key (workspace_id, connection_id) references connections on delete cascade
);
select isolate_workspaces('record_hints');

-- More was told than is kept as hints, or hints were given up: the next sync comes at once.
alter table connections add column sync_asked_at timestamptz;
