-- A pitch that somebody in Slack asked for: the request that makes it, and the template that was named. Null: no pitch; none was named.
alter table slack_replies add column pitch_request_id uuid,
  add column template text,
  add foreign key (workspace_id, pitch_request_id) references pitch_requests on delete set null (pitch_request_id);

-- The version that is printed. Null: the company's own.
alter table slack_files add column pitch_id uuid,
  add foreign key (workspace_id, pitch_id) references pitches on delete set null (pitch_id);
