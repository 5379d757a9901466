import fc from 'fast-check';
import type { FieldKey } from '../../src/connectors/crm-fields.ts';

/** Records of one stage, by their place. */
export const RECORDS = 3;
export const FIELDS_USED: readonly FieldKey[] = ['score', 'why', 'pitch', 'personas'];
export const EVER_EDITABLE: readonly FieldKey[] = ['pitch', 'personas'];

const place = fc.nat({ max: RECORDS - 1 });
const edit = fc.record({
  type: fc.constant('edit' as const),
  record: place,
  field: fc.nat({ max: 9 }),
  how: fc.constantFrom('type', 'empty', 'put-back'),
});
const merge = fc
  .uniqueArray(place, { minLength: 2, maxLength: 2 })
  .map(([kept = 0, away = 1]) => ({ type: 'merge' as const, kept, away }));
const remove = fc.record({ type: fc.constant('remove' as const), record: place });
const restore = fc.record({ type: fc.constant('restore' as const), record: place });
const run = fc.record({
  type: fc.constant('run' as const),
  records: fc.uniqueArray(place, { minLength: 1 }),
  fields: fc.uniqueArray(fc.constantFrom(...FIELDS_USED), { minLength: 1 }),
});
const undo = fc.record({
  type: fc.constant('undo' as const),
  which: fc.nat({ max: 9 }),
  /** Planned at once, or only begun; what is only begun is planned to its end, or cancelled, after all other moves. */
  how: fc.constantFrom('whole', 'begun', 'cancelled'),
});
/** We are told which records are gone, and what became of them. */
const learn = fc.constant({ type: 'learn' as const });

// Calls have two moments each; a flush of few records makes four or five calls.
const MOMENTS = 10;

/**
 * Sequences of runs, edits, undos and flushes; a flush dies at a step of `steps`, or never at 0, with edits in its middle. With
 * `upheavals` people also merge, delete and restore records, at any moment.
 */
export function createMoves(options: { steps: number; kills: boolean; races: boolean; upheavals?: boolean }) {
  const upheavals = options.upheavals === true ? [merge, remove, restore] : [];
  const act = fc.oneof({ arbitrary: edit, weight: 4 }, ...upheavals);
  const flush = fc.record({
    type: fc.constant('flush' as const),
    diesAt: options.kills
      ? fc.oneof(fc.constant(0), fc.integer({ min: 1, max: options.steps }))
      : fc.constant(0),
    /** A worker elsewhere flushes the same connection at the same time. */
    rival: fc.boolean(),
    meanwhile: fc.array(fc.record({ moment: fc.nat({ max: MOMENTS }), act }), {
      maxLength: options.races ? 3 : 0,
    }),
  });
  return fc.array(
    fc.oneof(
      { arbitrary: flush, weight: 3 },
      { arbitrary: run, weight: 3 },
      { arbitrary: act, weight: upheavals.length === 0 ? 1 : 2 },
      undo,
      ...(upheavals.length === 0 ? [] : [learn]),
    ),
    { minLength: 3, maxLength: 12 },
  );
}
export type Move = ReturnType<typeof createMoves> extends fc.Arbitrary<(infer One)[]> ? One : never;
/** What people do. */
export type Act = Extract<Move, { type: 'edit' | 'merge' | 'remove' | 'restore' }>;
