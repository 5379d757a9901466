-- Where the values of each verdict lie among those of a dry run: noted once, when all is read, portion by portion in the order of their
-- ids. With an index of the verdicts a value whose verdict is noted would no longer lie beside its row, and come into every other index of
-- writes once more.
create table rehearsal_portions (
  workspace_id uuid not null,
  run_id uuid not null,
  verdict text not null,
  -- The last and the first write of the portion that have this verdict, and how many have it.
  last bigint not null,
  first bigint not null,
  fields integer not null,
  primary key (workspace_id, run_id, verdict, last),
  foreign key (workspace_id, run_id) references runs on delete cascade
);

select isolate_workspaces('rehearsal_portions');
