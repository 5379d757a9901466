import assert from 'node:assert/strict';
import { couldHaveBecome } from '../../src/pipeline/7-write-back/same-value.ts';
import { listWrites } from '../../src/pipeline/store/writes-list.ts';
import type { Played, Stage } from './interleavings.ts';

/** What goes back as a person's value is one that a person left: nothing of ours is taken for it. */
export async function assertTheirsGoesBack({ desk }: Stage, { typed }: Played): Promise<void> {
  const writes = await desk.db.inWorkspace(desk.workspaceId, (tx) =>
    listWrites(tx, { companyId: desk.companyId }, { limit: 1_000, beforeId: null }),
  );
  for (const { runId, externalId, field, newValue } of writes) {
    if (runId !== null || field === 'note') continue;
    assert.ok(
      typed.some((value) => couldHaveBecome(field, value, newValue)),
      `${externalId} ${field}: ${String(newValue)} goes back, which nobody typed`,
    );
  }
}
