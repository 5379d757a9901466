import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { UserError } from './errors.ts';

/** A sealed text: the key that opens it, by its id, and nonce, tag and ciphertext in one. */
export type Sealed = { keyId: string; box: Buffer };

/** Seals texts under SECRET_KEY and opens what was sealed under it or the one before. */
export type Seal = {
  /** The key that new seals take. */
  keyId: string;
  /** `boundTo` says whose text it is: under any other words the seal does not open. */
  seal(text: string, boundTo: string): Sealed;
  /** @throws UserError, with `what` it is about, when no key here opens it or it is not what was sealed */
  open(sealed: Sealed, boundTo: string, what: string): string;
};

// AES-256-GCM (NIST SP 800-38D): a nonce of 96 bits, random for each seal, and the full tag of 128 bits.
const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const KEY_BYTES = 32;
const KEY_ID_BYTES = 6;

type Key = { id: string; bytes: Buffer };

/** SECRET_KEY signs links, too: each use has a key of its own (HKDF, RFC 5869). The id tells keys apart and gives none away. */
function deriveKey(secretKey: string): Key {
  const derive = (use: string, length: number): Buffer =>
    Buffer.from(hkdfSync('sha256', Buffer.from(secretKey, 'base64'), '', `fieldnote ${use}`, length));
  return { id: derive('key id', KEY_ID_BYTES).toString('hex'), bytes: derive('sealing', KEY_BYTES) };
}

/**
 * @param secretKey 32 bytes in base64
 * @param previous the key before, while it is being changed: it opens and seals nothing
 */
export function createSeal(secretKey: string, previous: string | null = null): Seal {
  const key = deriveKey(secretKey);
  const keys = [key, ...(previous === null ? [] : [deriveKey(previous)])];
  return {
    keyId: key.id,
    seal: (text, boundTo) => {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv(CIPHER, key.bytes, nonce, { authTagLength: TAG_BYTES });
      cipher.setAAD(Buffer.from(boundTo));
      const ciphertext = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
      return { keyId: key.id, box: Buffer.concat([nonce, cipher.getAuthTag(), ciphertext]) };
    },
    open: ({ keyId, box }, boundTo, what) => {
      const found = keys.find(({ id }) => id === keyId);
      if (found === undefined)
        throw new UserError(
          `${what}: sealed under another SECRET_KEY than the one that is set`,
          'Set SECRET_KEY (or, while you change it, SECRET_KEY_PREVIOUS) to the key that was set when they were stored, or store them again with "fieldnote connect".',
        );
      try {
        return unseal(found, box, boundTo);
      } catch (error) {
        throw new UserError(
          `${what}: they do not open, so they were changed or belong elsewhere`,
          'Store them again with "fieldnote connect".',
          error,
        );
      }
    },
  };
}

function unseal(key: Key, box: Buffer, boundTo: string): string {
  const nonce = box.subarray(0, NONCE_BYTES);
  const tag = box.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES);
  // Without a stated length Node takes a tag of four bytes, too, which anybody can guess.
  const decipher = createDecipheriv(CIPHER, key.bytes, nonce, { authTagLength: TAG_BYTES });
  decipher.setAuthTag(tag);
  decipher.setAAD(Buffer.from(boundTo));
  const text = decipher.update(box.subarray(NONCE_BYTES + TAG_BYTES));
  return Buffer.concat([text, decipher.final()]).toString('utf8');
}
