-- Somebody types to the app in Slack that they want to set alerts: the answer is a button, since a message can open no form.
alter table slack_replies drop constraint slack_replies_form_check;
alter table slack_replies add constraint slack_replies_form_check
  check (form in ('card', 'comparison', 'pitch', 'help', 'alerts'));
