-- Who listens to the change events of a connection, and where they are. One row per connection; the worker that holds it listens, and
-- when its hold runs out another one does.
create table change_streams (
  workspace_id uuid not null,
  connection_id uuid not null,
  -- The worker that listens; null: none does at the moment.
  holder uuid,
  held_until timestamptz,
  -- The replay id of the last event whose hints are stored, per object; none: what changes from now on.
  position jsonb not null default '{}',
  -- Listening since then; null: it does not, and `because` says why.
  following_since timestamptz,
  -- What is wrong, or what is not listened to although the rest is.
  because text,
  last_event_at timestamptz,
  primary key (workspace_id, connection_id),
  foreign key (workspace_id, connection_id) references connections on delete cascade
);
select isolate_workspaces('change_streams');
