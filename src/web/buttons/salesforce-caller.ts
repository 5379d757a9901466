import type { Request } from 'express';
import { openButtonSecret, readKeyName } from '../../pipeline/button-key.ts';
import { findButtonKey, noteButtonKeyUsed, takeSignature } from '../../pipeline/store/button-keys.ts';
import { findConnection } from '../../pipeline/store/connections.ts';
import type { Connection } from '../../pipeline/store/connections.ts';
import type { WebDeps } from '../deps.ts';
import { HttpError } from '../http-error.ts';
import { isInTime, isSignedBy, readSignature } from './salesforce-signature.ts';

const ANOTHER = 'Make another key ("fieldnote connect salesforce --button-key") and enter it in Salesforce.';
const ENTER =
  'Enter the key again as it was printed (Setup, Custom Settings, Fieldnote Button, Manage), or make another one: fieldnote connect salesforce --button-key.';

/** The org that sent a signed call. */
export type SalesforceCaller = { workspaceId: string; connection: Connection };

/**
 * Finds out which org sent a call, and takes its signature: a second call with the same one is refused.
 * @throws HttpError 401 for whatever is not signed as it must be, 403 for another org's key
 */
export async function admitCaller(
  { db, vault }: Pick<WebDeps, 'db' | 'vault'>,
  request: Request,
  body: Buffer,
): Promise<SalesforceCaller> {
  const read = (name: string): string => request.get(`x-fieldnote-${name}`) ?? '';
  const call = { path: request.path, timestamp: read('timestamp'), body, orgId: read('org') };
  const signature = readSignature(read('signature'));
  if (signature === null)
    throw new HttpError(401, "The call carries no signature of the Salesforce package's", ENTER);
  if (!isInTime(call))
    throw new HttpError(
      401,
      "The call's timestamp is not within five minutes of now",
      'Press the button again. If it stays, the clock of the server that Fieldnote runs on is wrong.',
    );
  const named = readKeyName(read('key'));
  if (named === null) throw new HttpError(401, 'The call names no key of Fieldnote', ENTER);
  const { workspaceId, id } = named;
  return db.inWorkspace(workspaceId, async (tx) => {
    const key = await findButtonKey(tx, id);
    if (key === null) throw new HttpError(401, 'The key that Salesforce signs with is not known here', ENTER);
    if (!isSignedBy(call, signature, openButtonSecret(vault.requireSeal(), named, key.secret)))
      throw new HttpError(401, "The call's signature is not that of its key", ENTER);
    if (key.revokedAt !== null)
      throw new HttpError(401, 'The key that Salesforce signs with was revoked', ANOTHER);
    const connection = await findConnection(tx, key.connectionId);
    if (connection === null || connection.status === 'removed')
      throw new HttpError(
        403,
        'This org is not connected to Fieldnote any more',
        'Have an administrator connect it again: fieldnote connect salesforce.',
      );
    if (!isSameOrg(connection.organizationId, call.orgId))
      throw new HttpError(403, 'The key belongs to another org than this one', ANOTHER);
    if (!(await takeSignature(tx, workspaceId, signature)))
      throw new HttpError(401, 'This call came a second time', 'Press the button again.');
    await noteButtonKeyUsed(tx, id);
    return { workspaceId, connection };
  });
}

/** An org's id has 15 characters; three more, which follow from these, may be behind them. */
function isSameOrg(known: string | null, said: string): boolean {
  return known !== null && /^\w{15}(\w{3})?$/.test(said) && known.slice(0, 15) === said.slice(0, 15);
}
