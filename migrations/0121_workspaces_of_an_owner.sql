-- Who signs in is not yet in a workspace. This finds those in which a connected CRM knows them, each looked into under its own row-level
-- security, in one statement: a transaction for each took seconds where there are many. The condition is that of isOwner (store/books.ts).
create function workspaces_of_owner(address text) returns setof uuid language plpgsql as $$
declare
  before text := current_setting('app.workspace_id', true);
  workspace record;
begin
  for workspace in select id from workspaces loop
    perform set_config('app.workspace_id', workspace.id::text, true);
    if exists (
      select from crm_users u join connections c on c.workspace_id = u.workspace_id and c.id = u.connection_id
      where u.workspace_id = workspace.id and u.email = lower(address) and c.status <> 'removed')
    then
      return next workspace.id;
    end if;
  end loop;
  perform set_config('app.workspace_id', coalesce(before, ''), true);
end $$;
