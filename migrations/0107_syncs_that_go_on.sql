alter table sync_cursors
  -- The rows of the last page are as old as that: when its query, or the job whose results it holds, was asked for.
  add column as_of timestamptz,
  -- Since when the object is being read to its end; null: it was.
  add column reading_since timestamptz,
  -- When the last reading began that came to the object's end: what was changed before then was seen.
  add column seen_until timestamptz;

-- Records that were told to be gone, and of which the CRM knew nothing any more when it was asked: a page that was asked for before says
-- nothing of them, not even where none is mirrored yet. Kept for as long as such a page may come.
create table gone_records (
  workspace_id uuid not null,
  connection_id uuid not null,
  object text not null,
  external_id text not null,
  asked_at timestamptz not null,
  primary key (workspace_id, connection_id, object, external_id),
  foreign key (workspace_id, connection_id) references connections on delete cascade
);
create index gone_records_asked on gone_records (workspace_id, connection_id, object, asked_at);

-- Who syncs a connection at the moment, so that nobody reads the same beside them.
create table sync_holds (
  workspace_id uuid not null,
  connection_id uuid not null,
  holder uuid not null,
  held_since timestamptz not null,
  held_until timestamptz not null,
  primary key (workspace_id, connection_id),
  foreign key (workspace_id, connection_id) references connections on delete cascade
);

select isolate_workspaces(t::regclass) from unnest(array['gone_records', 'sync_holds']) as t;
