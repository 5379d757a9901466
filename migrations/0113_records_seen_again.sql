-- Which records of an object the reading of all of them has come by so far. What is missing at its end is in the CRM no more: a record that
-- was purged is in no list of deleted ones either. Kept only while such a reading is under way.
create table sightings (
  workspace_id uuid not null,
  connection_id uuid not null,
  object text not null,
  -- When that reading began.
  begun_at timestamptz not null,
  external_id text not null,
  primary key (workspace_id, connection_id, object, external_id),
  foreign key (workspace_id, connection_id) references connections on delete cascade
);
select isolate_workspaces('sightings');
