-- What a workspace sells: all that its pitches may say in its name.
create table sellers (
  workspace_id uuid primary key references workspaces on delete cascade,
  name text not null,
  offer text not null,
  audience text not null,
  proof_points jsonb not null,
  never_claim jsonb not null,
  updated_at timestamptz not null default now()
);

-- How its pitches are to be written; no row: as shipped. What is not in it is as shipped, too.
create table pitch_settings (
  workspace_id uuid primary key references workspaces on delete cascade,
  settings jsonb not null,
  updated_at timestamptz not null default now()
);

-- With what a version was made (settings, hashes of template and seller, version of the prompt), and which sentences were cut and why.
alter table pitches add column made_with jsonb, add column cuts jsonb not null default '[]';

select isolate_workspaces(t::regclass) from unnest(array['sellers', 'pitch_settings']) as t;
