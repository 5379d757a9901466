import pino from 'pino';
import type { DestinationStream, Logger } from 'pino';
import { z } from 'zod';

export type Log = Logger;

// Values under these names never reach a log, wherever they stand.
const SECRET_NAMES = [
  'token',
  'accessToken',
  'apiKey',
  'clientSecret',
  'password',
  'authorization',
  'secretKey',
];

/** JSON lines on standard error, so that a command's output stays clean. */
export function createLog(level: string, destination?: DestinationStream): Log {
  return pino(
    {
      level,
      base: { pid: process.pid },
      serializers: { err: describeForLog },
      redact: { paths: SECRET_NAMES.flatMap((name) => [name, `*.${name}`]), censor: '[secret]' },
      timestamp: pino.stdTimeFunctions.isoTime,
    },
    destination ?? pino.destination(2),
  );
}

// A database error carries its whole client along, which is large and tells of the connection.
function describeForLog(error: Error): object {
  return { ...pino.stdSerializers.err(error), client: undefined };
}

const Line = z.object({ level: z.number(), msg: z.string() });

/** The same for a person at a terminal: one line each, without the stack. */
export function createPlainLog(level: string, note: (line: string) => void): Log {
  return createLog(level, {
    write: (line) => {
      const { level: of, msg } = Line.parse(JSON.parse(line));
      note(`${pino.levels.labels[of] ?? 'note'}: ${msg}`);
    },
  });
}
