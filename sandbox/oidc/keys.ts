import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

type Key = { kid: string; secret: KeyObject; published: Record<string, unknown> };

type Signing = 'right' | 'other-key' | 'none';

export type Keys = {
  /** The document at jwks_uri. */
  published(): { keys: Record<string, unknown>[] };
  /** A JWT; `other-key` names the published key and signs with another, `none` does not sign. */
  sign(claims: Record<string, unknown>, how: Signing): string;
  /** From now on a new key signs; the one before stays published, as providers leave it for a day. */
  rotate(): void;
};

// What every one of the vendors signs with.
const BITS = 2048;

/** RS256 keys that live as long as the process. */
export function createKeys(): Keys {
  let keys = [makeKey()];
  return {
    published: () => ({ keys: keys.map(({ published }) => published) }),
    sign: (claims, how) => {
      const [current] = keys;
      if (current === undefined) throw new Error('there is no key');
      const head = how === 'none' ? { alg: 'none' } : { alg: 'RS256', kid: current.kid, typ: 'JWT' };
      const text = `${encode(head)}.${encode(claims)}`;
      if (how === 'none') return `${text}.`;
      const { secret } = how === 'right' ? current : makeKey();
      return `${text}.${sign('sha256', Buffer.from(text), secret).toString('base64url')}`;
    },
    rotate: () => {
      keys = [makeKey(), ...keys].slice(0, 2);
    },
  };
}

function makeKey(): Key {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: BITS });
  const kid = createHash('sha256').update(randomBytes(16)).digest('hex').slice(0, 16);
  const published = { ...publicKey.export({ format: 'jwk' }), kid, use: 'sig', alg: 'RS256' };
  return { kid, secret: privateKey, published };
}

const encode = (part: Record<string, unknown>): string =>
  Buffer.from(JSON.stringify(part)).toString('base64url');
