-- What a CRM's own headers last said of the daily calls of a connection's org, by whomever they were made. One row that all workers
-- read; written when it moved by a meaningful step, not with each call.
create table quotas (
  workspace_id uuid not null,
  connection_id uuid not null,
  used bigint not null,
  -- Null: used up, and the CRM did not say how many there are.
  daily_limit bigint,
  said_at timestamptz not null default clock_timestamp(),
  -- Until then one worker looks whether the allowance is back, and no other does.
  looking_until timestamptz,
  primary key (workspace_id, connection_id),
  foreign key (workspace_id, connection_id) references connections on delete cascade
);
select isolate_workspaces('quotas');
