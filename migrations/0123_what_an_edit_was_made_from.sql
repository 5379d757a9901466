-- The points, or paragraphs of the text, that stood there when it was edited, as they were generated: what differs from them is the person's,
-- the rest follows each new version. Null: an edit from before, which stands as a whole.
alter table pitch_edits add column was jsonb;
