-- How often in a row an answer could not be told: ever longer waits follow. Claims (attempt) are counted while it is still looked for, too.
alter table slack_replies add column failures integer not null default 0;
