-- What people set per connection: field mapping, policies, exclusions. Only what differs from the usual is stored.
alter table connections
  add column settings jsonb not null default '{}',
  -- Counts the changes, so that a sync that began under other settings stores nothing more.
  add column settings_version integer not null default 0;

-- How the object was read: a cursor of another plan means reading again.
alter table sync_cursors add column plan text not null default '';

-- Why a record, and a company, is left out of research, and by which row.
alter table records add column excluded_because text;
alter table companies
  add column excluded_because text,
  -- CONNECTION/OBJECT/ID of the row that says so.
  add column excluded_by text;
create index companies_excluded on companies (workspace_id, excluded_by) where excluded_because is not null;

-- Open deals that are records of their own (Salesforce opportunities), for the accounts that they belong to.
create table open_deals (
  workspace_id uuid not null,
  connection_id uuid not null,
  external_id text not null,
  account_id text not null,
  primary key (workspace_id, connection_id, external_id),
  foreign key (workspace_id, connection_id) references connections on delete cascade
);
create index open_deals_account on open_deals (workspace_id, connection_id, account_id);
select isolate_workspaces('open_deals');
