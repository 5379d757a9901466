-- A field that a CRM refused is tried again once by itself: from then on its new row says what became of it.
alter table writes add column tried_again_at timestamptz;
create index writes_rejected on writes (connection_id, settled_at) where state = 'rejected' and tried_again_at is null;

-- The stage behind which an item begins, where what comes before is not asked of it. Null: at the start.
alter table run_items add column begins_behind text;
