-- Processes that handle jobs. Each holds the advisory lock of its number for as long as it lives (queue/lifeline.ts). It comes
-- before any tenant is known and so carries no policy.
create table queue_workers (
  worker integer primary key,
  started_at timestamptz not null default now()
);
