-- The ledger by state, newest first, without reading all that was applied. A row comes into it once, when it ends in one of these states.
-- Looked up by expressions that no other query has, so that the planner takes neither for anything else.
create index writes_ended on writes (
  (case when state in ('rehearsed', 'skipped', 'conflicted', 'rejected', 'undone', 'cancelled') then workspace_id end), state, id)
  where state in ('rehearsed', 'skipped', 'conflicted', 'rejected', 'undone', 'cancelled');
-- The same for notes, of which there are few.
create index writes_noted on writes ((case when field = 'note' then workspace_id end), id) where field = 'note';
