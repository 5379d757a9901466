-- What people changed in a pitch, field by field. An edit belongs to the pitch of a template and persona, not to a version of it, so
-- that no new version takes it away. The newest that was not undone is shown.
create table pitch_edits (
  workspace_id uuid not null references workspaces on delete cascade,
  id bigint generated always as identity,
  company_id uuid not null,
  template text not null,
  persona text not null,
  field text not null check (field in ('keyPoints', 'callToAction', 'text')),
  -- A text, or for key points a list of texts.
  value jsonb not null,
  -- What the marks in it cite, since each version numbers its sources anew: [{ mark, quote, url }]; no url: the seller's own words.
  cites jsonb not null default '[]',
  edited_by text not null,
  edited_at timestamptz not null default now(),
  undone_by text,
  undone_at timestamptz,
  primary key (workspace_id, id),
  foreign key (workspace_id, company_id) references companies on delete cascade
);
create index pitch_edits_shown on pitch_edits (workspace_id, company_id, template, persona, field, id desc) where undone_at is null;

select isolate_workspaces('pitch_edits');
