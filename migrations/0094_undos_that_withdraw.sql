-- An undo withdraws what the undone run has not sent: its writes up to this one, for as long as the undo is not cancelled.
alter table runs add column undoes_up_to bigint;

-- A write whose place another one took before it was sent, or that waits behind an undo of its field, and which one that is. Where that
-- comes to nothing, or is over, it is planned again.
alter table writes add column gave_way_to bigint;
