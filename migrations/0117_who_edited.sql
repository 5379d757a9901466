-- Of a conflict: who made the change that stands in the CRM, as far as the CRM tells.
alter table writes
  -- The CRM's id of a user.
  add column theirs_by text,
  -- Their name, or what else it was ("a workflow"); null: not known.
  add column theirs_name text,
  -- Whether they changed this very field, or the record as a whole last.
  add column theirs_of text check (theirs_of in ('field', 'record')),
  -- The CRM was asked who that is.
  add column theirs_asked boolean not null default false;

-- Conflicts of which nobody asked yet. Looked up by an expression that no other index has, as in writes_waiting_by_run.
create index writes_unnamed on writes ((case when not theirs_asked then connection_id end), id)
  where state = 'conflicted' and not theirs_asked;
