-- Under row-level security only what leaks nothing is looked up by: "case" is, "coalesce" is not. With the old index every company
-- whose writes were planned read all records of its connections.
drop index records_became;
create index records_became on records (connection_id, (case when merged_into is not null then merged_into else converted_to end))
  where case when merged_into is not null then merged_into else converted_to end is not null;
