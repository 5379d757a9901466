import type { Database } from '../../db.ts';
import { saveLink } from '../../pipeline/store/one-time-links.ts';
import type { LinkRecord, LinkTarget } from '../../pipeline/store/one-time-links.ts';
import { deriveToken, makeToken } from './tokens.ts';

export type OneTimeLinks = {
  /** A link that opens once, within five minutes, whatever it is told to, for a user who is known to whoever asks. */
  issue(link: {
    workspaceId: string;
    target: LinkTarget;
    /** The CRM record on which the button was pressed. */
    record: LinkRecord | null;
    /** Who pressed it, as the CRM names them. */
    user: string;
    /** One press of the button that may come more than once: each time the same link. `key` is what its caller signs with. */
    press?: { id: string; key: string } | null;
  }): Promise<{ url: string; expiresAt: Date }>;
};

const LINK_SECONDS = 5 * 60;

/** Links for people without sign-in: whoever the CRM's signed request spoke for. */
export function createOneTimeLinks({ db, publicUrl }: { db: Database; publicUrl: string }): OneTimeLinks {
  return {
    issue: async ({ workspaceId, target, record, user, press = null }) => {
      const token =
        press === null
          ? makeToken(workspaceId)
          : deriveToken(workspaceId, press.key, [JSON.stringify([target, record, user]), press.id]);
      const expiresAt = await db.inWorkspace(workspaceId, (tx) =>
        saveLink(tx, workspaceId, {
          tokenHash: token.hash,
          target,
          record,
          askedBy: user,
          seconds: LINK_SECONDS,
        }),
      );
      return { url: `${publicUrl}/l/${token.text}`, expiresAt };
    },
  };
}
