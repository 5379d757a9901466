import type { Tx } from '../../db.ts';

type RowKey = { object: string; externalId: string };

const KEY = (alias: string): string =>
  `${alias}.connection_id || '/' || ${alias}.object || '/' || ${alias}.external_id`;
const LIVE = (alias: string): string =>
  `not ${alias}.deleted and ${alias}.merged_into is null and ${alias}.converted_to is null`;

// A company's own records decide, those of any CRM; then open deals on its accounts; and where it is known through people
// alone, all of them must be left out.
const JUDGE = `update companies c set excluded_because = v.because, excluded_by = v.key,
    due_at = case
      when v.because is not null then c.due_at
      when exists (select from records r where r.company_id = c.id) then now() end
  from (
    select t.id, w.because, w.key from unnest($1::uuid[]) as t(id) left join lateral (
      select because, key from (
        select 1 as rank, r.excluded_because as because, ${KEY('r')} as key from records r
        where r.company_id = t.id and r.object in ('Account', 'company') and r.excluded_because is not null and ${LIVE('r')}
        union all
        select 2, 'an open deal', d.connection_id || '/Opportunity/' || d.external_id
        from records r join open_deals d on d.connection_id = r.connection_id and d.account_id = r.external_id
        where r.company_id = t.id and r.object = 'Account' and ${LIVE('r')}
        union all
        select 3, r.excluded_because, ${KEY('r')} from records r
        where r.company_id = t.id and r.excluded_because is not null and ${LIVE('r')} and not exists (
          select from records o where o.company_id = t.id and o.excluded_because is null and ${LIVE('o')})
      ) as reasons order by rank, key limit 1
    ) as w on true
  ) as v
  where c.id = v.id and (c.excluded_because, c.excluded_by) is distinct from (v.because, v.key)
  returning c.id, c.excluded_because as because`;

// What puts old values back is sent all the same. Locked in the order of their ids, like everyone who locks many of them.
const CANCEL = (which: string): string => `with found as (
    select w.id, left_out.because from ${which} where w.state = 'planned' and w.undoes is null order by w.id for update of w)
  update writes w set state = 'cancelled', settled_at = now(), leased_until = null, reason = 'Left out before it was sent: ' || found.because
  from found where w.id = found.id and w.state = 'planned'`;

/**
 * Judges anew which companies are left out, after rows of a connection changed: those that the rows belong to and belonged to. A company
 * that is taken up again is due at once. Where nothing is left out it costs a look.
 * @param excluding rows that changed and are left out
 */
export async function updateExclusions(
  tx: Tx,
  connectionId: string,
  { domains, excluding }: { domains: ReadonlySet<string>; excluding: readonly RowKey[] },
): Promise<void> {
  const { rows: look } = await tx.query<{ any: boolean }>(
    `select exists (select from companies where excluded_because is not null)
       or exists (select from records where excluded_because is not null) or exists (select from open_deals) as any`,
  );
  if (look[0]?.any !== true) return;
  const { rows: touched } = await tx.query<{ id: string }>(
    `select c.id from companies c where c.domain = any($1) and (c.excluded_because is not null
       or exists (select from records r where r.company_id = c.id and r.excluded_because is not null)
       or exists (
         select from records r join open_deals d on d.connection_id = r.connection_id and d.account_id = r.external_id
         where r.company_id = c.id and r.object = 'Account'))`,
    [[...domains]],
  );
  await judge(
    tx,
    touched.map(({ id }) => id),
  );
  if (excluding.length > 0)
    await tx.query(
      CANCEL(`(select k.object, k.external_id, r.excluded_because as because
        from unnest($2::text[], $3::text[]) as k(object, external_id)
        join records r on r.connection_id = $1 and r.object = k.object and r.external_id = k.external_id) as left_out
        join writes w on w.connection_id = $1 and w.object = left_out.object and w.external_id = left_out.external_id`),
      [connectionId, excluding.map(({ object }) => object), excluding.map(({ externalId }) => externalId)],
    );
}

/** The same after deals of these accounts changed. */
export async function updateExclusionsOfAccounts(
  tx: Tx,
  connectionId: string,
  accountIds: readonly string[],
): Promise<void> {
  if (accountIds.length === 0) return;
  const { rows } = await tx.query<{ id: string }>(
    `select distinct company_id as id from records
     where connection_id = $1 and object = 'Account' and external_id = any($2) and company_id is not null`,
    [connectionId, accountIds],
  );
  await judge(
    tx,
    rows.map(({ id }) => id),
  );
}

/** The same for all companies that rows of this connection left out. */
export async function updateExclusionsBy(tx: Tx, connectionId: string): Promise<void> {
  const { rows } = await tx.query<{ id: string }>(
    `select id from companies where excluded_because is not null and starts_with(excluded_by, $1)`,
    [`${connectionId}/`],
  );
  await judge(
    tx,
    rows.map(({ id }) => id),
  );
}

/** Decides about these companies; what was planned for one that is left out now is never sent. */
async function judge(tx: Tx, companyIds: readonly string[]): Promise<void> {
  if (companyIds.length === 0) return;
  const { rows } = await tx.query<{ id: string; because: string | null }>(JUDGE, [companyIds]);
  const left = rows.flatMap(({ id, because }) => (because === null ? [] : { id, because }));
  if (left.length > 0)
    await tx.query(
      CANCEL(
        'unnest($1::uuid[], $2::text[]) as left_out(id, because) join writes w on w.company_id = left_out.id',
      ),
      [left.map(({ id }) => id), left.map(({ because }) => because)],
    );
}

/** How many companies are left out, by reason. */
export async function countExcluded(tx: Tx): Promise<{ because: string; companies: number }[]> {
  const { rows } = await tx.query<{ because: string; companies: number }>(
    `select excluded_because as because, count(*) as companies from companies
     where excluded_because is not null group by 1 order by 2 desc, 1`,
  );
  return rows;
}

/** Companies that are left out, by domain; the next page begins after the last one. */
export async function listExcluded(
  tx: Tx,
  page: { afterDomain: string; limit: number },
): Promise<{ domain: string; name: string; because: string }[]> {
  const { rows } = await tx.query<{ domain: string; name: string; because: string }>(
    `select domain, name, excluded_because as because from companies
     where excluded_because is not null and domain collate "C" > $1 order by domain collate "C" limit $2`,
    [page.afterDomain, page.limit],
  );
  return rows;
}
