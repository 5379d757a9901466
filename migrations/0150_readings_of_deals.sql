-- When the reading that came by it began at the beginning. Once one is through, what only earlier ones came by is open no more.
alter table open_deals add column begun_at timestamptz not null default now();
