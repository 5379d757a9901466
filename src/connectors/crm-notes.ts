import type { CallOptions } from './call.ts';
import type { CrmObject } from './crm.ts';

/** A note for a record's timeline: plain text, which the connector puts into the platform's own form. */
export type CrmNote = {
  object: CrmObject;
  externalId: string;
  /** Ours and nobody else's: by it a note is found again whose maker never heard that it was made. */
  key: string;
  title: string;
  /** Lines; addresses in it are shown as links where the platform can. */
  body: string;
  /** Where it stands on the timeline, ISO. */
  at: string;
};

export type FoundNote = {
  id: string;
  /** It says what we wrote, and nothing else. */
  asMade: boolean;
  /** Somebody deleted it. */
  deleted: boolean;
};

export type NoteOutcome =
  | { outcome: 'done'; id: string }
  | { outcome: 'gone'; message: string }
  | { outcome: 'rejected'; code: string; message: string; retryable: boolean };

/** Notes on the timelines of records; nothing else is ever created or deleted in a CRM. Errors are ProviderErrors. */
export type CrmNotes = {
  /** The most that one call makes, removes or looks for. */
  batch: number;
  /** Calls that looking for up to `batch` notes takes at least. */
  callsToFind: number;
  /** The notes that bear these keys, or have the id given; by key. */
  find(
    wanted: readonly { note: CrmNote; id: string | null }[],
    options: CallOptions,
  ): Promise<Map<string, FoundNote>>;
  /** One outcome per note, in order. Never repeated inside when notes may have been made. */
  create(notes: readonly CrmNote[], options: CallOptions): Promise<NoteOutcome[]>;
  /** Deletes notes of ours by id; one outcome per id, in order. */
  remove(ids: readonly string[], options: CallOptions): Promise<NoteOutcome[]>;
};
