import { ProviderError } from '../../errors.ts';
import type { ProviderErrorKind } from '../../errors.ts';
import type { CallOptions } from '../call.ts';
import type { StreamPosition, ToldBatch } from '../crm-told.ts';
import { API_VERSION } from './client.ts';
import type { Client, Session } from './client.ts';
import { provider } from './failures.ts';
import { readObjects } from './fields.ts';
import type { SalesforceObject } from './fields.ts';
import { readChange } from './read-change.ts';
import { openStream } from './stream.ts';
import type { Silent } from './stream.ts';
import type { FromThread, Told } from './stream-messages.ts';

/** How long the org may take. */
export type StreamPatience = {
  /** Until all channels are subscribed to: three requests. */
  settledWithinMs: number;
  /** Until it answers a connect: after 110 s at the latest, events or not (Streaming API guide, "Clients and Timeouts"). */
  turnWithinMs: number;
  /** Until it answers a goodbye. It forgets us by itself after 40 s; it is told for the sake of its count of clients. */
  goodbyeWithinMs: number;
};

export const PATIENCE: StreamPatience = {
  settledWithinMs: 30_000,
  turnWithinMs: 130_000,
  goodbyeWithinMs: 1_000,
};

// Two sessions in a row that end within this are no accident: whoever called waits before the next one.
const BRIEF_MS = 10_000;
/** From now on: the platform's word for no position (same guide, "Message Durability"). */
const FROM_NOW_ON = -1;

type FollowOptions = CallOptions & { onFollowing?: () => void; patience: StreamPatience };

const channelOf = (object: SalesforceObject): string => `/data/${object}ChangeEvent`;
const objectOf = new Map(readObjects.map((object) => [channelOf(object), object]));

/** Why a session ended although it may be begun again at once. */
type Ended = 'login expired' | 'forgotten' | 'flood';

/**
 * Change events of all objects that we read, one session after the other. A login that ran out is renewed; a replay id that is too
 * old, and a backlog that no memory holds, become a batch that says that changes were missed.
 */
export async function* followChanges(
  client: Client,
  from: StreamPosition,
  options: FollowOptions,
): AsyncGenerator<ToldBatch> {
  let position = from;
  let briefly: Ended | null = null;
  for (;;) {
    const session = await client.session(options);
    const begun = performance.now();
    const ended: Ended = yield* followSession(session, position, options, (reached) => {
      position = reached;
    });
    const isBrief = performance.now() - begun < BRIEF_MS;
    if (isBrief && briefly !== null) throw failAgain(briefly, ended);
    briefly = isBrief ? ended : null;
    if (ended === 'login expired') await client.forget(session);
    if (ended !== 'flood') continue;
    position = {};
    yield { changes: [], missed: 'more changes waited than can be told one by one', position };
  }
}

async function* followSession(
  session: Session,
  from: StreamPosition,
  options: FollowOptions,
  onReached: (position: StreamPosition) => void,
): AsyncGenerator<ToldBatch, Ended> {
  let position = from;
  const stream = openStream({
    instanceUrl: session.instanceUrl,
    accessToken: session.connection.accessToken ?? '',
    version: API_VERSION,
    channels: Object.fromEntries(
      readObjects.map((object) => [channelOf(object), position[object] ?? FROM_NOW_ON]),
    ),
  });
  try {
    const first = await stream.next(options.patience.settledWithinMs, options.signal);
    if (first.type !== 'following') return judgeEnd(first);
    const outdated = judgeRefused(first.refused, options);
    if (outdated.length > 0) {
      position = { ...position };
      for (const object of outdated) delete position[object];
      onReached(position);
      yield {
        changes: [],
        missed: `what changed of ${outdated.join(', ')} since is no longer kept`,
        position,
      };
      return 'forgotten';
    }
    options.onFollowing?.();
    const fresh = readObjects.filter(
      (object) => position[object] === undefined && first.refused[channelOf(object)] === undefined,
    );
    // Only now is nothing missed any more; what changed before is a sync's.
    if (fresh.length > 0)
      yield { changes: [], missed: `${fresh.join(', ')} are listened to from now on`, position };
    for (;;) {
      const said = await stream.next(options.patience.turnWithinMs, options.signal);
      if (said.type !== 'turn') return judgeEnd(said);
      const batch = readTurn(said.events, position);
      if (said.events.length > 0) {
        position = batch.position;
        yield batch;
      }
      onReached(position);
      stream.go();
    }
  } finally {
    await stream.close(options.patience.goodbyeWithinMs);
  }
}

function readTurn(events: readonly Told[], from: StreamPosition): ToldBatch {
  const batch: ToldBatch = { changes: [], missed: null, position: { ...from } };
  for (const event of events) {
    const object = objectOf.get(event.channel);
    if (object === undefined) continue;
    if (event.replayId !== null) batch.position[object] = event.replayId;
    const changes = readChange(object, event);
    if (changes === null)
      batch.missed = `${object}: ${event.header?.changeType ?? 'an event that cannot be read'} names no records`;
    else batch.changes.push(...changes);
  }
  return batch;
}

const fail = (kind: ProviderErrorKind, message: string, fix?: string, retryAfterMs?: number): ProviderError =>
  new ProviderError({ provider, operation: 'change events', kind, message, fix, retryAfterMs });

/**
 * Which objects' replay ids are too old. @throws ProviderError when no object at all is listened to, or the refusal is about all;
 * of one that alone is refused, `onNotice` hears: it is polled as before
 */
function judgeRefused(refused: Readonly<Record<string, string>>, options: FollowOptions): SalesforceObject[] {
  const outdated: SalesforceObject[] = [];
  let lacking = 0;
  for (const [channel, error] of Object.entries(refused)) {
    const object = objectOf.get(channel);
    if (object === undefined) continue;
    if (error.startsWith('400::The replayId')) {
      outdated.push(object);
      continue;
    }
    if (!/^40[03]::/.test(error) || /limit exceeded|simultaneous/.test(error)) throw judgeError(error);
    lacking += 1;
    const notice = `${object} is not listened to: ${error}`;
    if (lacking === readObjects.length) throw fail('refused', notice, HOW_TO_SET_UP);
    options.onNotice?.(`${notice}; ${HOW_TO_SET_UP}`);
  }
  return outdated;
}

const HOW_TO_SET_UP =
  'select Account, Lead and Contact in Setup → Change Data Capture and give the integration user View All Records on them';

function judgeEnd(said: FromThread | Silent): Ended {
  if (said.type === 'refused') {
    if (/401::/.test(said.error)) return 'login expired';
    if (/403::Unknown client/.test(said.error)) return 'forgotten';
    throw judgeError(said.error);
  }
  if (said.type === 'silent' && said.isFlood) return 'flood';
  const because = said.type === 'silent' || said.type === 'broken' ? said.because : `it said ${said.type}`;
  throw fail('unavailable', because);
}

const HOUR_MS = 3_600_000;

function judgeError(error: string): ProviderError {
  if (/total events daily limit/.test(error))
    return fail(
      'quota',
      `the org's deliveries of the day are used up (${error})`,
      'wait for the 24-hour window to move on, or buy the add-on; until then changes are found by polling',
      HOUR_MS,
    );
  if (/concurrent user limit|simultaneous connections/.test(error)) return fail('rate-limited', error);
  return fail('unavailable', error);
}

function failAgain(first: Ended, second: Ended): ProviderError {
  return first === 'login expired' && second === first
    ? fail(
        'refused',
        'the Streaming API refuses a session that was just opened',
        'check that the integration user has API Enabled and is not restricted by IP',
      )
    : fail('unavailable', `two sessions in a row ended soon (${first}, ${second})`);
}
