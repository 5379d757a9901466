-- Several connections of a CRM in one workspace, with credentials of their own.
alter table connections
  -- The org's own id, so that one org is not connected twice.
  add column organization_id text,
  add column paused_at timestamptz,
  drop constraint connections_status_check,
  -- removed: its credentials and its copy of the CRM's rows are gone; what was written stays to be read.
  add constraint connections_status_check check (status in ('active', 'paused', 'removed'));

-- Sealed (AES-256-GCM); a connection without a row takes its credentials from the environment.
create table credentials (
  workspace_id uuid not null,
  connection_id uuid not null,
  -- Counts the changes. The seal is bound to workspace, connection and version, so that none can be put in another's place.
  version integer not null,
  -- Which SECRET_KEY opens it.
  key_id text not null,
  sealed bytea not null,
  changed_at timestamptz not null default now(),
  primary key (workspace_id, connection_id),
  foreign key (workspace_id, connection_id) references connections on delete cascade
);
select isolate_workspaces('credentials');
