-- Where a record belongs follows from the rows alone, in whatever order they were read: what a row says itself is kept beside where
-- others put it.
alter table records
  -- account: a contact belongs where its account does; contacts: an account without a website, where its contacts' e-mails point to;
  -- name: it was looked up by name. Null: the domain is what the row says itself.
  add column placed_by text check (placed_by in ('account', 'contacts', 'name')),
  -- What the row says itself, where it is placed by others.
  add column own_domain text;
-- The object of the row that gives the company its name and facts: an account's can't be changed by what a lead says.
alter table companies add column facts_from text;
-- Few rows are left out: whether any is, is asked with each page.
create index records_excluded on records (workspace_id, company_id) where excluded_because is not null;
