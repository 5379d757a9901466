-- An undo is planned in portions, each in a transaction of its own. Until all of it is planned its run is 'planning', and none of it is sent.
alter table runs drop constraint runs_state_check;
alter table runs add constraint runs_state_check check (state in ('planning', 'running', 'paused', 'cancelled', 'done'));
create index runs_planning on runs (workspace_id) where state = 'planning';

create table undos (
  workspace_id uuid not null,
  run_id uuid not null,
  -- The last write of the undone run that was looked at: the next portion begins behind it.
  behind bigint not null default 0,
  -- What it came to so far: fields that go back, and fields that a later run wrote.
  fields bigint not null default 0,
  overtaken bigint not null default 0,
  primary key (workspace_id, run_id),
  foreign key (workspace_id, run_id) references runs on delete cascade
);

select isolate_workspaces('undos');
