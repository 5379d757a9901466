import { randomBytes } from 'node:crypto';
import type { TwinClock } from '../kit/clock.ts';
import { SlackRefusal } from './answers.ts';

type Trigger = { team: string; user: string; viewId: string | null };

export type Triggers = {
  /** A trigger_id for what a user just did; `viewId` is the modal in which it was done. */
  make(trigger: Trigger): string;
  /** Takes one for opening a view. @throws SlackRefusal when it is unknown, used or too old */
  exchange(id: string, team: string): Trigger;
};

// Older ones are refused the same way, known or not.
const KEPT = 10_000;

export function createTriggers(clock: TwinClock, lifetimeMs: () => number): Triggers {
  const made = new Map<string, Trigger & { at: number; used: boolean }>();
  let count = 0;
  return {
    make: (trigger) => {
      count += 1;
      const id = `${count}.${Date.now()}.${randomBytes(16).toString('hex')}`;
      made.set(id, { ...trigger, at: clock.now().getTime(), used: false });
      const [oldest] = made.keys();
      if (made.size > KEPT && oldest !== undefined) made.delete(oldest);
      return id;
    },
    exchange: (id, team) => {
      const found = made.get(id);
      if (found === undefined || found.team !== team) throw new SlackRefusal('invalid_trigger_id');
      if (found.used) throw new SlackRefusal('exchanged_trigger_id');
      if (clock.now().getTime() - found.at > lifetimeMs()) throw new SlackRefusal('expired_trigger_id');
      found.used = true;
      return found;
    },
  };
}
