-- What was spent in an hour that is over, summed once: the month's spending is asked for every few seconds.
create table usage_hours (
  workspace_id uuid not null references workspaces on delete cascade,
  hour timestamptz not null,
  usd numeric not null,
  primary key (workspace_id, hour)
);
select isolate_workspaces('usage_hours');
create index usage_spent on usage (workspace_id, at) include (usd) where usd > 0;

-- Few runs are open, or cancelled; there is one more every minute.
create index runs_open on runs (workspace_id) where state = 'running';
create index runs_cancelled on runs (id, workspace_id) where state = 'cancelled';

-- Has a write of the connection waited for long? Asked with each flush.
create index writes_waiting on writes (connection_id, planned_at) where state = 'planned';
