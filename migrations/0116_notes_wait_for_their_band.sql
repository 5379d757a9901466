-- A note waits for the band that it tells of. It names the row of that band, which is marked; once the band is settled, in whatever way,
-- its mark brings it into an index of its own, so that nobody has to look through the notes that wait.
alter table writes
  -- Of a note: the open row of the band that it waits for, as it was seen when the note was looked at last.
  add column waits_for bigint,
  -- Of a band: a note waits for it.
  add column awaited boolean not null default false,
  -- A band that goes with its company stops nobody.
  add foreign key (waits_for, workspace_id) references writes (id, workspace_id) on delete set null (waits_for);

drop index writes_notes;
-- Notes that do not wait for a band, as far as anybody knows, run by run. As in writes_waiting_by_run, looked up by expressions that no
-- other index has; and until when a note is put off or held is not in it, or no claim of any row could be written beside its row.
create index writes_notes on writes ((case when state = 'planned' and waits_for is null then connection_id end),
    (case when run_id is null then '00000000-0000-0000-0000-000000000000' else run_id end), id)
  where state = 'planned' and waits_for is null and field = 'note';
create index writes_notes_waiting on writes (waits_for) where waits_for is not null;
create index writes_bands_settled on writes ((case when awaited then connection_id end), id)
  where awaited and state not in ('planned', 'sending');
