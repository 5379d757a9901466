create index concurrently writes_gave_way on writes (gave_way_to) where gave_way_to is not null;
