import type { TwinUser } from './call.ts';
import { nested } from './change-events.ts';
import type { ChangeEvent } from './change-events.ts';
import type { Org } from './org.ts';

/** A change event as it is sent to one subscriber: without the fields that they may not see. */
export function showChange(
  org: Org,
  user: TwinUser,
  { object, header, replayId, values }: ChangeEvent,
): unknown {
  const hidden = new Set<string>();
  const payload: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(values)) {
    const field = org.visibleField(user, object, name);
    const [outer, inner] = splitName(nested(object, name));
    if (field === undefined) {
      hidden.add(nested(object, name));
      continue;
    }
    const shown =
      typeof value === 'string' && field.type === 'datetime' ? value.replace('.000Z', 'Z') : value;
    if (inner === null) payload[outer] = shown;
    else {
      const compound = payload[outer];
      payload[outer] = { ...(typeof compound === 'object' ? compound : {}), [inner]: shown };
    }
  }
  const changedFields = header.changedFields.filter((name) => !hidden.has(name));
  return {
    schema: Buffer.from(`${object}-schema`).toString('base64url'),
    payload: { ...payload, ChangeEventHeader: { ...header, changedFields } },
    event: { replayId },
  };
}

function splitName(name: string): [outer: string, inner: string | null] {
  const at = name.indexOf('.');
  return at < 0 ? [name, null] : [name.slice(0, at), name.slice(at + 1)];
}
