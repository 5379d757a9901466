import { appendFileSync, existsSync, mkdirSync, readFileSync, truncateSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * What happened to a twin, one JSON line an event. A twin's state is its world plus its journal, so it survives a kill
 * at any moment and keeps its history. Without a file it lives in memory alone.
 */
export type Journal<Event> = {
  replay(apply: (event: Event) => void): void;
  append(events: readonly Event[]): void;
};

export function openJournal<Event>(file: string | null, parse: (line: unknown) => Event): Journal<Event> {
  if (file !== null) mkdirSync(dirname(file), { recursive: true });
  return {
    replay: (apply) => {
      if (file === null || !existsSync(file)) return;
      const text = readFileSync(file, 'utf8');
      // A kill can cut the last line short: that event was never acknowledged, and the next one must not grow onto it.
      const whole = text.slice(0, text.lastIndexOf('\n') + 1);
      if (whole.length < text.length) truncateSync(file, Buffer.byteLength(whole));
      for (const [index, line] of whole.split('\n').entries()) {
        if (line === '') continue;
        let value: unknown;
        try {
          value = JSON.parse(line);
        } catch (error) {
          throw new Error(`${file} line ${index + 1} is not JSON`, { cause: error });
        }
        apply(parse(value));
      }
    },
    append: (events) => {
      if (file === null || events.length === 0) return;
      appendFileSync(file, events.map((event) => `${JSON.stringify(event)}\n`).join(''));
    },
  };
}
