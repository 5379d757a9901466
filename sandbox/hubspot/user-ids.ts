import { hashBytes } from '../kit/world-ids.ts';

/** A steady number per name, as HubSpot's user ids are. */
export function userIdOf(name: string): number {
  return 10_000_000 + (hashBytes(name).readUInt32BE(0) % 90_000_000);
}
