-- The CRM's users who own records, so that a person who asks from elsewhere is known by their address.
create table crm_users (
  workspace_id uuid not null,
  connection_id uuid not null,
  -- As records name their owner.
  external_id text not null,
  name text not null,
  -- Lower case; null: the CRM does not tell.
  email text,
  read_at timestamptz not null default now(),
  primary key (workspace_id, connection_id, external_id),
  foreign key (workspace_id, connection_id) references connections on delete cascade
);
create index crm_users_email on crm_users (workspace_id, email) where email is not null;
select isolate_workspaces('crm_users');

-- A person's book is looked up by owner.
create index records_owner on records (owner_id, connection_id) where owner_id is not null and not deleted;

-- When a connection's users were last read.
alter table connections add column users_read_at timestamptz;
