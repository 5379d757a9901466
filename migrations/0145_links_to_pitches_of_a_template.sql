-- The pitches that a link to a ZIP of one template has made for it, asked for together (pitch_requests.batch_id). Null: nobody opened it
-- yet, or it names no template.
alter table one_time_links add column pitch_batch_id uuid;
