-- The ledger by whatever it is asked for, newest first: of each field and state the newest lines are found, however few there are of them
-- and however many of others. Those of one run are told in the index itself, where a million are looked through in a moment.
-- Ids come as an expression that no other index has: one that leads by id would look as good to the planner where it takes a field or a
-- state to be common, and be read to its end where there is none.
create index concurrently writes_ledger on writes (
  (case when field <> '' then workspace_id end), field, state, (case when field <> '' then id end), (case when field <> '' then run_id end));
create index concurrently writes_of_company on writes (
  company_id, field, state, (case when field <> '' then id end), (case when field <> '' then run_id end));
-- What these stand in for. The first two came with migration 0128, which nobody needs any more.
drop index concurrently if exists writes_ended;
drop index concurrently if exists writes_noted;
drop index concurrently if exists writes_company;
