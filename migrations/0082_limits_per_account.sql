-- A CRM counts calls per account, and several connections may lead to one, in as many workspaces.
alter table connections
  -- The host that the last check reached the org at: an id means an org there alone.
  add column server text,
  -- Whose limits the connection shares; its own until a check found out.
  add column account text not null
    generated always as (kind || ':' || coalesce(server || '/' || organization_id, id::text)) stored;

-- What was kept per connection is told anew with the next call. Like limits, it comes before the tenant is known.
drop table quotas;
create table quotas (
  account text primary key,
  used bigint not null,
  -- Null: used up, and the CRM did not say how many there are.
  daily_limit bigint,
  said_at timestamptz not null default clock_timestamp(),
  -- Until then one worker looks whether the allowance is back, and no other does.
  looking_until timestamptz
);
