-- What became of a record: finds the ones that were merged or converted into another, whose values that one may hold.
create index records_became on records (connection_id, (coalesce(merged_into, converted_to)))
  where coalesce(merged_into, converted_to) is not null;
