-- Versions of a pitch: made from one template, for one persona (empty: for nobody in particular), one after another. The same may be
-- made again when somebody asks for it, so what it was made from does not tell versions apart.
alter table pitches
  drop constraint pitches_workspace_id_company_id_template_fingerprint_key,
  add column persona text not null default '',
  add column version integer not null default 1,
  -- The version that its template and persona show: the one that was asked for last. (`current` is the company's one pitch.)
  add column shown boolean not null default true,
  -- What it was made from, in short, so that the next version can say what changed. Null: nobody kept that yet.
  add column made_from jsonb,
  -- What changed against the version before.
  add column changes jsonb not null default '[]';

-- The owner of the table sees all workspaces only while its own policies do not bind it.
alter table pitches no force row level security;
update pitches p set version = n.version, shown = n.version = n.versions
from (select workspace_id, id, row_number() over (ordered) as version, count(*) over (partition by workspace_id, company_id, template) as versions
  from pitches window ordered as (partition by workspace_id, company_id, template order by written_at, id)) n
where n.workspace_id = p.workspace_id and n.id = p.id;
alter table pitches force row level security;

create unique index pitches_versions on pitches (workspace_id, company_id, template, persona, version);

-- A pitch that somebody asked for: one of a template, for a persona, in a manner of its own.
create table pitch_requests (
  workspace_id uuid not null references workspaces on delete cascade,
  id uuid not null default gen_random_uuid(),
  -- Those that were asked for together have one.
  batch_id uuid not null,
  company_id uuid not null,
  template text not null,
  persona text not null default '',
  -- What differs from the workspace's settings.
  wishes jsonb not null default '{}',
  -- Written anew although nothing changed.
  force boolean not null default false,
  state text not null default 'waiting' check (state in ('waiting', 'working', 'done', 'failed', 'cancelled')),
  -- The run that finds the score which was missing; null: there was one.
  run_id uuid,
  pitch_id uuid,
  error text,
  fix text,
  attempts integer not null default 0,
  asked_by text not null default '',
  asked_at timestamptz not null default now(),
  finished_at timestamptz,
  primary key (workspace_id, id),
  foreign key (workspace_id, company_id) references companies on delete cascade,
  foreign key (workspace_id, run_id) references runs on delete set null (run_id),
  foreign key (workspace_id, pitch_id) references pitches on delete set null (pitch_id)
);
create index pitch_requests_batch on pitch_requests (workspace_id, batch_id);
create index pitch_requests_company on pitch_requests (workspace_id, company_id) where state in ('waiting', 'working');
create index pitch_requests_age on pitch_requests (workspace_id, asked_at);

select isolate_workspaces('pitch_requests');
