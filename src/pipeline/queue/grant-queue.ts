import type { PgBoss } from 'pg-boss';
import { APP_ROLE } from '../../db.ts';

/** Jobs are queued inside the app's own transactions, so its role must reach the queue's tables. */
export async function grantQueueToApp(boss: PgBoss): Promise<void> {
  await boss.getDb().executeSql(`
    do $$
    begin
      if exists (select from pg_roles where rolname = '${APP_ROLE}') then
        grant usage on schema pgboss to ${APP_ROLE};
        grant select, insert, update, delete on all tables in schema pgboss to ${APP_ROLE};
      end if;
    exception
      -- Two processes that start together may grant at the same time.
      when others then if sqlstate not in ('XX000', '40001') then raise; end if;
    end $$`);
}
