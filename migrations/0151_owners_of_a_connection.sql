-- Who owns a connection's records is asked once an hour, of each owner once and not of each record: the owners of one connection stand
-- next to each other, and the next one is found by the last. The workspace leads, as in the primary key: without statistics the planner
-- would take that one otherwise, and sort.
create index concurrently records_owners on records (workspace_id, connection_id, owner_id) where owner_id is not null and not deleted;
-- Led by the owner; whoever asked it names workspace and connection as well.
drop index concurrently if exists records_owner;
