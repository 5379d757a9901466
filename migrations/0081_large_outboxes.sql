-- A flusher walks what waits run by run, so that a paused one's rows are stepped over whatever their number; rows of no run put back a
-- person's value. A connection is looked up by an expression that no other index has: where statistics are old, the planner would take
-- any index of the connection for as good. (Under row-level security only what leaks nothing is looked up by: "case" is, "coalesce" is not.)
create index writes_waiting_by_run on writes ((case when state = 'planned' then connection_id end),
    (case when run_id is null then '00000000-0000-0000-0000-000000000000' else run_id end), id)
  where state = 'planned' and field <> 'note';
-- Few rows are on their way among all that wait.
create index writes_on_their_way on writes ((case when state = 'sending' then connection_id end), id) where state = 'sending';
