-- A link that opens documents once, for whoever pressed a button in a CRM. Only hashes of what opens are kept.
create table one_time_links (
  workspace_id uuid not null references workspaces on delete cascade,
  token_hash bytea not null,
  -- { kind: pitch, companyId, template } or { kind: zip, companyIds }.
  target jsonb not null,
  -- The CRM record on which the button was pressed: { connectionId, object, id }. Null: on none, or on several.
  record jsonb,
  asked_by text not null,
  -- The run that finds the scores which were missing; null: none was begun.
  run_id uuid,
  issued_at timestamptz not null default now(),
  expires_at timestamptz not null,
  used_at timestamptz,
  -- What it turned into when it was used: a page of a few minutes.
  page_hash bytea,
  page_expires_at timestamptz,
  primary key (workspace_id, token_hash),
  foreign key (workspace_id, run_id) references runs on delete set null (run_id)
);
create unique index one_time_links_page on one_time_links (workspace_id, page_hash);
create index one_time_links_age on one_time_links (workspace_id, expires_at);

select isolate_workspaces('one_time_links');
