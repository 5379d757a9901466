-- What CRMs refused and what stands against a person's value, in the order of its ids, for whoever asks for all of it. Only these come
-- into it, and a write that changes its state has entries made in every index in any case: one that lands pays nothing for it.
-- Looked up by expressions that no other index has: one that leads by id would look as good to the planner where it takes a state to be
-- common, and be read to its end where there is none.
create index concurrently writes_failed on writes (
  (case when state in ('rejected', 'conflicted') then workspace_id end), (case when state in ('rejected', 'conflicted') then id end))
  where state in ('rejected', 'conflicted');
