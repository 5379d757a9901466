-- What somebody types to the app in Slack is answered by a job alone: also with how to ask, or with which company a name means.
alter table slack_replies drop constraint slack_replies_form_check;
alter table slack_replies add constraint slack_replies_form_check check (form in ('card', 'comparison', 'pitch', 'help'));

-- A name that fits several companies: the answer asks which is meant. Null: the companies are known.
alter table slack_replies add column asked_name text;
