-- A full sync is asked for once and goes on over any number of stops: since when everything is to be read anew, and when the reading that a
-- cursor stands for began at its object's beginning. One that began before counts for nothing. Whole milliseconds, which the app can tell.
alter table connections add column read_anew_since timestamptz;
alter table sync_cursors add column begun_at timestamptz not null default date_trunc('milliseconds', now());
alter table sync_cursors alter column begun_at drop default;
