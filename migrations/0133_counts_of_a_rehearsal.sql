-- How many values have each verdict, counted once when all is read, and not with each page of it.
alter table rehearsals add column counts jsonb;
