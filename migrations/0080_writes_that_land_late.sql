-- A call that was never heard of may go on within the CRM. Until then a value that is not there may still come, and is not sent again.
alter table writes add column may_land_until timestamptz;

-- Records in one write call, where the org has proved too slow for as many as the platform takes; null: as many as that.
alter table connections add column write_group integer check (write_group > 0);

-- When it was last asked who may edit our fields: more often than the whole check.
alter table connections add column access_checked_at timestamptz;
