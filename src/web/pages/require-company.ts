import type { Request } from 'express';
import type { Tx } from '../../db.ts';
import { findCompanyByDomain } from '../../pipeline/store/companies.ts';
import type { Company } from '../../pipeline/store/companies.ts';
import { HttpError } from '../http-error.ts';

/** The company whose domain stands in the path. @throws HttpError 404 */
export async function requireCompany(tx: Tx, request: Request): Promise<Company> {
  const domain = String(request.params['domain']).toLowerCase().replaceAll('\0', '');
  const company = await findCompanyByDomain(tx, domain);
  if (company !== null) return company;
  throw new HttpError(
    404,
    `${domain} is not among your companies`,
    'It appears once a CRM record points to it. A link from the CRM that leads here is of a company that was merged or deleted since.',
  );
}
