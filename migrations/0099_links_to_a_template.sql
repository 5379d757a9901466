-- The pitch that a link has made for it, where it names a template (pitch_requests). Null: nobody opened it yet, or it names none.
alter table one_time_links add column pitch_request_id uuid,
  add foreign key (workspace_id, pitch_request_id) references pitch_requests on delete set null (pitch_request_id);
