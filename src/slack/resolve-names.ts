import type { Tx } from '../db.ts';
import { UserError } from '../errors.ts';
import { findCompany } from '../pipeline/store/companies.ts';
import { findCompaniesByName } from '../pipeline/store/named-companies.ts';
import type { NamedCompany } from '../pipeline/store/named-companies.ts';
import { splitTemplate } from './named-template.ts';
import type { Asked } from './question.ts';

const MOST_CHOICES = 10;

/** The companies that a name may mean. */
export type Choice = { asked: string; companies: NamedCompany[]; total: number; template: string | null };

/**
 * Names → domains; or the companies that one name may mean. `mayNameTemplate`: a name that no company bears may end in that of a pitch's
 * template.
 * @throws UserError where none is called so, or several of several names are
 */
export async function resolveNames(
  tx: Tx,
  asked: readonly Asked[],
  { mayNameTemplate }: { mayNameTemplate: boolean },
): Promise<{ domains: string[]; template: string | null } | Choice> {
  const domains: string[] = [];
  const [first] = asked;
  if (mayNameTemplate && asked.length === 1 && first !== undefined && 'name' in first) {
    const { total } = await findNamed(tx, first.name);
    const split = total > 0 ? null : await splitTemplate(tx, first.name);
    if (split !== null) {
      const found = await resolveNames(tx, [{ name: split.name }], { mayNameTemplate: false });
      return { ...found, template: split.template };
    }
  }
  for (const one of asked) {
    if ('companyId' in one) {
      const company = await findCompany(tx, one.companyId);
      if (company === null)
        throw new UserError('This company is not here any more', 'Ask for it by its domain.');
      domains.push(company.domain);
      continue;
    }
    if ('domain' in one) {
      domains.push(one.domain);
      continue;
    }
    const { companies, exact, total } = await findNamed(tx, one.name);
    const [best] = companies;
    if (best === undefined)
      throw new UserError(
        `No company here is called “${one.name}”`,
        'Give its domain or web address: any company can be scored, whether it is in the CRM or not.',
      );
    if (total === 1 || exact === 1) domains.push(best.domain);
    else if (asked.length === 1) return { asked: one.name, companies, total, template: null };
    else
      throw new UserError(
        `“${one.name}” may mean ${total} companies, such as ${companies
          .slice(0, 3)
          .map(({ domain }) => domain)
          .join(', ')}`,
        'Give its domain.',
      );
  }
  return { domains, template: null };
}

/** The companies that a name may mean, as many as are offered. */
export function findNamed(tx: Tx, name: string): ReturnType<typeof findCompaniesByName> {
  return findCompaniesByName(tx, name, MOST_CHOICES);
}
