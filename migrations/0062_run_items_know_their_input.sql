-- The company's input_hash when its research began: a change that comes later, also before a resume, asks for another run.
alter table run_items add column input_hash text;
