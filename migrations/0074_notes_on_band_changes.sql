-- Notes on a record's timeline go through the table of writes as the field "note". They are few among many fields, and
-- looked for with each flush.
create index writes_notes on writes (connection_id, id) where field = 'note' and state in ('planned', 'sending');
