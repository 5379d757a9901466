-- The version of what a workspace set up for its pitches: another one with each change, so that a write can name the one that its writer saw.
alter table sellers add column version uuid not null default gen_random_uuid();
alter table pitch_settings add column version uuid not null default gen_random_uuid();
alter table pitch_templates add column version uuid not null default gen_random_uuid();
