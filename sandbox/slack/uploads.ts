import { randomBytes } from 'node:crypto';

/** A file on its way: announced, uploaded, and then completed. */
type Upload = {
  id: string;
  team: string;
  name: string;
  length: number;
  /** The secret part of its upload URL. */
  key: string;
  bytes: Buffer | null;
};

export type Uploads = {
  announce(upload: { team: string; name: string; length: number }): Upload;
  byKey(key: string): Upload | undefined;
  find(id: string): Upload | undefined;
  /** Completed: it is a file now. */
  forget(id: string): void;
};

// Uploads that were announced and never completed.
const KEPT = 200;

export function createUploads(): Uploads {
  const held = new Map<string, Upload>();
  return {
    announce: (upload) => {
      const id = `F${randomBytes(8).readBigUInt64BE().toString(36).toUpperCase().padStart(13, '0').slice(-10)}`;
      const made: Upload = { ...upload, id, key: randomBytes(24).toString('base64url'), bytes: null };
      held.set(id, made);
      const [oldest] = held.keys();
      if (held.size > KEPT && oldest !== undefined) held.delete(oldest);
      return made;
    },
    byKey: (key) => [...held.values()].find((upload) => upload.key === key),
    find: (id) => held.get(id),
    forget: (id) => void held.delete(id),
  };
}
