/** Somebody else syncs this connection: what this one would read, they read. */
export class SyncedElsewhere extends Error {
  override name = 'SyncedElsewhere';
  constructor(message = 'another process reads everything of this connection anew') {
    super(message);
  }
}
