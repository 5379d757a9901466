-- Written by the template alone because the text model did not answer: to be written again when it does.
alter table pitches add column awaits_model boolean not null default false;
