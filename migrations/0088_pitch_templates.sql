-- A workspace's own pitch templates. One with the name of a template that comes with Fieldnote goes before it.
create table pitch_templates (
  workspace_id uuid not null references workspaces on delete cascade,
  name text not null check (name ~ '^[a-z0-9][a-z0-9-]{0,39}$'),
  source text not null check (length(source) <= 16384),
  updated_at timestamptz not null default now(),
  primary key (workspace_id, name)
);

select isolate_workspaces('pitch_templates');
