-- Every row belongs to one workspace. Row-level security is forced and restrictive: a policy added later can only narrow it.
-- Tables that come before the tenant is known, and so carry no policy: schema_migrations, workspaces, limits, breakers.

create table workspaces (
  id uuid primary key default gen_random_uuid(),
  name text not null unique,
  created_at timestamptz not null default now()
);

-- Pace and outages belong to a provider account, which workspaces share.
create table limits (
  bucket text primary key,
  -- Generic cell rate algorithm: the moment at which the bucket is empty of debt.
  free_at timestamptz not null default now(),
  paused_until timestamptz
);

create table breakers (
  provider text primary key,
  state text not null default 'closed' check (state in ('closed', 'open')),
  failures integer not null default 0,
  opened_at timestamptz,
  open_until timestamptz,
  probing_until timestamptz
);

create function current_workspace() returns uuid language sql stable
  as $$ select nullif(current_setting('app.workspace_id', true), '')::uuid $$;

create function isolate_workspaces(target regclass) returns void language plpgsql as $$
begin
  execute format('alter table %s enable row level security', target);
  execute format('alter table %s force row level security', target);
  execute format('create policy everyone on %s as permissive using (true) with check (true)', target);
  execute format(
    'create policy own_workspace on %s as restrictive using (workspace_id = current_workspace()) with check (workspace_id = current_workspace())',
    target);
end $$;

create table connections (
  workspace_id uuid not null references workspaces on delete cascade,
  id uuid not null default gen_random_uuid(),
  kind text not null check (kind in ('salesforce', 'hubspot')),
  name text not null,
  organization text,
  status text not null default 'active' check (status in ('active', 'paused')),
  paused_because text,
  -- Which of our fields people may edit, per object, as the last check found.
  field_access jsonb not null default '{}',
  checked_at timestamptz,
  synced_at timestamptz,
  created_at timestamptz not null default now(),
  primary key (workspace_id, id),
  unique (workspace_id, kind, name)
);

create table sync_cursors (
  workspace_id uuid not null,
  connection_id uuid not null,
  object text not null,
  cursor jsonb not null,
  rows_read bigint not null default 0,
  synced_at timestamptz not null default now(),
  primary key (workspace_id, connection_id, object),
  foreign key (workspace_id, connection_id) references connections on delete cascade
);

create table companies (
  workspace_id uuid not null references workspaces on delete cascade,
  id uuid not null default gen_random_uuid(),
  domain text not null,
  name text not null,
  website text not null,
  industry text,
  employees integer,
  country text,
  -- Hash of the CRM fields that research and pitch depend on.
  input_hash text not null default '',
  -- When it should be enriched next; null: nothing asks for it.
  due_at timestamptz default now(),
  enriched_at timestamptz,
  created_at timestamptz not null default now(),
  primary key (workspace_id, id),
  unique (workspace_id, domain)
);
create index companies_due on companies (workspace_id, due_at) where due_at is not null;

create table records (
  workspace_id uuid not null,
  connection_id uuid not null,
  object text not null,
  external_id text not null,
  company_id uuid,
  domain text,
  -- Why this row leads to no company: free-mail, hosted, missing, person, deleted…
  skipped_because text,
  name text,
  company_name text,
  website text,
  email text,
  title text,
  industry text,
  employees integer,
  country text,
  owner_id text,
  parent_id text,
  modified_at timestamptz not null,
  deleted boolean not null default false,
  merged_into text,
  converted_to text,
  row_hash text not null,
  synced_at timestamptz not null default now(),
  primary key (workspace_id, connection_id, object, external_id),
  foreign key (workspace_id, connection_id) references connections on delete cascade,
  foreign key (workspace_id, company_id) references companies (workspace_id, id)
);
create index records_company on records (workspace_id, company_id) where company_id is not null;
create index records_domain on records (workspace_id, domain) where domain is not null;
create index records_parent on records (workspace_id, connection_id, parent_id) where parent_id is not null;

-- Every answer that was paid for or waited for, stored before it is used, keyed by what was asked.
create table answers (
  workspace_id uuid not null references workspaces on delete cascade,
  key text not null,
  provider text not null,
  operation text not null,
  question jsonb not null,
  answer jsonb not null,
  answered_at timestamptz not null default now(),
  expires_at timestamptz,
  primary key (workspace_id, key)
);
create index answers_expiry on answers (workspace_id, expires_at) where expires_at is not null;

create table sources (
  workspace_id uuid not null,
  id uuid not null default gen_random_uuid(),
  company_id uuid not null,
  url text not null,
  kind text not null,
  title text not null,
  text text not null,
  published date,
  fetched_at timestamptz not null,
  content_hash text not null,
  credibility real not null,
  quality real not null,
  -- Only the sources of the last research; older ones stay, since quotes refer to them.
  current boolean not null default true,
  primary key (workspace_id, id),
  unique (workspace_id, company_id, url, content_hash),
  foreign key (workspace_id, company_id) references companies on delete cascade
);
create index sources_current on sources (workspace_id, company_id) where current;

-- What research could not read, and why.
create table unread_pages (
  workspace_id uuid not null,
  company_id uuid not null,
  url text not null,
  reason text not null,
  detail text not null,
  tried_at timestamptz not null default now(),
  primary key (workspace_id, company_id, url),
  foreign key (workspace_id, company_id) references companies on delete cascade
);

create table extractions (
  workspace_id uuid not null,
  id uuid not null default gen_random_uuid(),
  company_id uuid not null,
  -- Hash of the sources, the scoring model's kinds and the text model: the same hash needs no new reading.
  input_hash text not null,
  method text not null check (method in ('llm', 'phrases')),
  method_because text,
  text_model text,
  overview jsonb not null,
  -- Buyer roles that the reader expects, inferred.
  personas jsonb not null default '[]',
  -- Sentences in the sources that try to instruct their reader, for people to see.
  flagged jsonb not null default '[]',
  -- What was refused by the quote check, with the reason.
  dropped jsonb not null default '[]',
  current boolean not null default true,
  extracted_at timestamptz not null default now(),
  primary key (workspace_id, id),
  unique (workspace_id, company_id, input_hash),
  foreign key (workspace_id, company_id) references companies on delete cascade
);
create index extractions_current on extractions (workspace_id, company_id) where current;

create table signals (
  workspace_id uuid not null,
  id bigint generated always as identity,
  company_id uuid not null,
  extraction_id uuid not null,
  kind text not null,
  strength real not null,
  confidence real not null,
  quote text not null,
  source_id uuid not null,
  primary key (workspace_id, id),
  foreign key (workspace_id, extraction_id) references extractions on delete cascade,
  foreign key (workspace_id, source_id) references sources on delete cascade
);
create index signals_extraction on signals (workspace_id, extraction_id);

create table competitors (
  workspace_id uuid not null,
  company_id uuid not null,
  extraction_id uuid not null,
  name text not null,
  domain text,
  quote text not null,
  source_id uuid not null,
  primary key (workspace_id, extraction_id, name),
  foreign key (workspace_id, extraction_id) references extractions on delete cascade,
  foreign key (workspace_id, source_id) references sources on delete cascade
);

create table scores (
  workspace_id uuid not null,
  id bigint generated always as identity,
  company_id uuid not null,
  extraction_id uuid not null,
  model text not null,
  model_version text not null,
  as_of date not null,
  status text not null check (status in ('scored', 'not-enough-evidence')),
  score numeric,
  band text,
  confidence numeric not null,
  reasons jsonb not null,
  missing jsonb not null,
  why text,
  scored_at timestamptz not null default now(),
  current boolean not null default true,
  primary key (workspace_id, id),
  unique (workspace_id, company_id, extraction_id, model, model_version, as_of),
  foreign key (workspace_id, company_id) references companies on delete cascade,
  foreign key (workspace_id, extraction_id) references extractions on delete cascade,
  check ((status = 'scored') = (score is not null))
);
create index scores_current on scores (workspace_id, company_id) where current;
create index scores_ranked on scores (workspace_id, model, score desc nulls last) where current;

create table personas (
  workspace_id uuid not null,
  company_id uuid not null,
  role text not null,
  position integer not null,
  persona jsonb not null,
  -- Contacts and leads of the CRMs whose titles fit.
  matches jsonb not null default '[]',
  updated_at timestamptz not null default now(),
  primary key (workspace_id, company_id, role),
  foreign key (workspace_id, company_id) references companies on delete cascade
);

create table pitches (
  workspace_id uuid not null,
  id uuid not null default gen_random_uuid(),
  company_id uuid not null,
  template text not null,
  -- Hash of everything that it was made from.
  fingerprint text not null,
  key_points jsonb not null,
  call_to_action text not null,
  text text not null,
  citations jsonb not null,
  -- Sentences that could not be proven and were cut.
  cut integer not null default 0,
  method text not null check (method in ('llm', 'phrases')),
  text_model text,
  current boolean not null default true,
  written_at timestamptz not null default now(),
  primary key (workspace_id, id),
  unique (workspace_id, company_id, template, fingerprint),
  foreign key (workspace_id, company_id) references companies on delete cascade
);
create index pitches_current on pitches (workspace_id, company_id) where current;

create table runs (
  workspace_id uuid not null references workspaces on delete cascade,
  id uuid not null default gen_random_uuid(),
  kind text not null check (kind in ('manual', 'scheduled', 'interactive', 'undo')),
  -- The run that an undo puts back.
  undoes uuid,
  state text not null default 'running' check (state in ('running', 'paused', 'cancelled', 'done')),
  model text not null,
  refresh boolean not null default false,
  dry_run boolean not null default false,
  -- The day that freshness is reckoned from, fixed for the whole run.
  as_of date not null default current_date,
  created_at timestamptz not null default now(),
  finished_at timestamptz,
  primary key (workspace_id, id)
);
create index runs_recent on runs (workspace_id, created_at desc);

create table run_items (
  workspace_id uuid not null,
  run_id uuid not null,
  company_id uuid not null,
  state text not null default 'queued' check (state in ('queued', 'working', 'done', 'failed', 'cancelled')),
  -- The last stage that finished: where a resumed item goes on.
  stage text,
  -- Attempts that ended in an error; a killed process is none.
  attempts integer not null default 0,
  outcome text,
  error text,
  started_at timestamptz,
  finished_at timestamptz,
  primary key (workspace_id, run_id, company_id),
  foreign key (workspace_id, run_id) references runs on delete cascade,
  foreign key (workspace_id, company_id) references companies on delete cascade
);
create index run_items_open on run_items (workspace_id, run_id, state);

-- One field of one record: the outbox and the audit log.
create table writes (
  workspace_id uuid not null,
  id bigint generated always as identity,
  run_id uuid,
  connection_id uuid not null,
  object text not null,
  external_id text not null,
  company_id uuid not null,
  field text not null,
  -- What the CRM held right before our write; on a conflicted row the value that stands there. SQL null: not read yet.
  old_value jsonb,
  -- JSON null clears the field.
  new_value jsonb not null,
  -- What the CRM held after our write: it may normalise. SQL null: not read back yet. On a conflicted row it is set where
  -- our write may have landed before the person's change.
  returned_value jsonb,
  -- planned: wanted; sending: a call may have gone out; cancelled: never sent (its run was cancelled, or a newer value took its place).
  state text not null default 'planned'
    check (state in ('planned', 'rehearsed', 'sending', 'applied', 'skipped', 'conflicted', 'rejected', 'undone', 'cancelled')),
  -- In the CRM's own words, with what to do.
  reason text,
  -- The write that this one puts back.
  undoes bigint,
  -- Counts claims; a result counts only for the claim that it belongs to.
  attempt integer not null default 0,
  -- Until then the row is in the hands of one flusher.
  leased_until timestamptz,
  -- Answers that asked us to try again.
  failures integer not null default 0,
  not_before timestamptz,
  -- The record's own last-modified time when old_value was read, where the CRM tells.
  base_modified_at timestamptz,
  planned_at timestamptz not null default now(),
  sent_at timestamptz,
  settled_at timestamptz,
  primary key (id, workspace_id),
  foreign key (workspace_id, connection_id) references connections on delete cascade,
  foreign key (workspace_id, company_id) references companies on delete cascade
);
-- The workspace comes last in these: led by it, an index looks good to the planner for any query of a workspace that is newer
-- than the statistics, and one that finds a field's row becomes one that reads all of the workspace's.
-- One waiting value per field, and one on its way: a newer value waits until the older one is settled.
create unique index writes_planned on writes (external_id, object, connection_id, field, workspace_id) where state = 'planned';
create unique index writes_sending on writes (external_id, object, connection_id, field, workspace_id) where state = 'sending';
create unique index writes_rehearsed on writes (run_id, external_id, object, connection_id, field, workspace_id)
  where state = 'rehearsed';
create index writes_flush on writes (connection_id, id) where state in ('planned', 'sending');
create index writes_unread on writes (connection_id, id) where state = 'applied' and returned_value is null;
create index writes_field on writes (external_id, object, connection_id, field, id desc);
create index writes_run on writes (run_id, state, id);
create index writes_company on writes (company_id, id desc);
create index writes_conflicted on writes (connection_id) where state = 'conflicted';

-- Every call to a provider, with what it cost.
create table usage (
  workspace_id uuid not null references workspaces on delete cascade,
  id bigint generated always as identity,
  at timestamptz not null default now(),
  run_id uuid,
  company_id uuid,
  connection_id uuid,
  provider text not null,
  operation text not null,
  ok boolean not null,
  requests integer not null,
  hedges integer not null default 0,
  search_credits integer not null default 0,
  prompt_tokens integer not null default 0,
  cached_tokens integer not null default 0,
  completion_tokens integer not null default 0,
  model text,
  milliseconds integer not null,
  usd numeric not null default 0,
  primary key (workspace_id, id)
);
create index usage_run on usage (workspace_id, run_id);
create index usage_company on usage (workspace_id, company_id);
create index usage_month on usage (workspace_id, at);

select isolate_workspaces(t::regclass) from unnest(array[
  'connections', 'sync_cursors', 'companies', 'records', 'answers', 'sources', 'unread_pages', 'extractions', 'signals',
  'competitors', 'scores', 'personas', 'pitches', 'runs', 'run_items', 'writes', 'usage'
]) as t;
