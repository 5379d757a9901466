-- By which rules of ours the mirrored rows were judged last: 1-sync/reading-plan.ts counts their changes. 0: nobody noted it.
alter table connections add column judged_by integer not null default 0;
