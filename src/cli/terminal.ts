import Table from 'cli-table3';

type Progress = {
  /** Redraws at most ten times a second. */
  update(state: {
    done: number;
    /** Null: nobody knows before the end. */
    total: number | null;
    perSecond?: number;
    remainingMs?: number | null;
    note?: string;
  }): void;
  end(line?: string): void;
};

/** Where a command writes: results to standard output, everything else to standard error. */
export type Terminal = {
  print(text: string): void;
  /** As it is, without a line end. */
  write(text: string): void;
  note(text: string): void;
  json(value: unknown): void;
  table(
    headings: readonly string[],
    rows: readonly (readonly string[])[],
    options?: { right?: readonly number[] },
  ): void;
  startProgress(label: string): Progress;
  bold(text: string): string;
  dim(text: string): string;
};

const BAR_WIDTH = 28;
const REDRAW_MS = 100;
const LINE_EVERY_MS = 5_000;

/** A terminal over the process's streams; colours and a moving bar only where a person watches. */
export function createTerminal(
  out: { write(text: string): unknown; isTTY?: boolean },
  err: { write(text: string): unknown; isTTY?: boolean },
): Terminal {
  const paint = (code: string) => (text: string) => (out.isTTY ? `\u001b[${code}m${text}\u001b[0m` : text);
  return {
    print: (text) => void out.write(`${text}\n`),
    write: (text) => void out.write(text),
    note: (text) => void err.write(`${text}\n`),
    json: (value) => void out.write(`${JSON.stringify(value, null, 2)}\n`),
    table: (headings, rows, options = {}) =>
      void out.write(`${drawTable(headings, rows, options.right ?? [])}\n`),
    startProgress: (label) => startProgress(label, err),
    bold: paint('1'),
    dim: paint('2'),
  };
}

function drawTable(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  right: readonly number[],
): string {
  const table = new Table({
    head: [...headings],
    colAligns: headings.map((_, index) => (right.includes(index) ? 'right' : 'left')),
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 2 },
    chars: {
      top: '',
      'top-mid': '',
      'top-left': '',
      'top-right': '',
      bottom: '',
      'bottom-mid': '',
      'bottom-left': '',
      'bottom-right': '',
      left: '',
      'left-mid': '',
      mid: '',
      'mid-mid': '',
      right: '',
      'right-mid': '',
      middle: '',
    },
  });
  for (const row of rows) table.push(row.map(oneLine));
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

// What comes from a CRM or a page must not move the cursor or break the table.
function oneLine(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return text.replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ');
}

function startProgress(label: string, err: { write(text: string): unknown; isTTY?: boolean }): Progress {
  let drawnAt = 0;
  let last = '';
  let wasFinished = false;
  return {
    update: ({ done, total, perSecond, remainingMs, note }) => {
      const now = Date.now();
      const finished = total !== null && total > 0 && done >= total;
      if (now - drawnAt < (err.isTTY ? REDRAW_MS : LINE_EVERY_MS) && (!finished || wasFinished)) return;
      wasFinished = finished;
      const parts = [
        `${label.padEnd(12)} ${total === null ? done : `${drawBar(done, total)} ${done}/${total}`}`,
        perSecond ? `${perSecond.toFixed(1)}/s` : '',
        remainingMs === null || remainingMs === undefined || finished
          ? ''
          : `${formatDuration(remainingMs)} left`,
        note ?? '',
      ];
      const line = parts.filter(Boolean).join('  ');
      if (line === last) return;
      drawnAt = now;
      last = line;
      err.write(err.isTTY ? `\r\u001b[K${line}` : `${line}\n`);
    },
    end: (line) => {
      if (err.isTTY && last !== '') err.write('\n');
      if (line !== undefined) err.write(`${line}\n`);
    },
  };
}

function drawBar(done: number, total: number): string {
  const full = Math.round((total === 0 ? 1 : Math.min(1, done / total)) * BAR_WIDTH);
  return `${'█'.repeat(full)}${'░'.repeat(BAR_WIDTH - full)}`;
}

/** 0:07, 12:30, 1:02:03. */
export function formatDuration(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const two = (value: number): string => String(value).padStart(2, '0');
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

/** $0.0123 below a cent, $1.23 above. */
export function formatUsd(usd: number): string {
  return usd === 0 ? '$0' : usd < 0.01 ? `$${usd.toFixed(4)}` : `$${usd.toFixed(2)}`;
}

const letters = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** Cut to `length` characters, as people count them, with an ellipsis at the end. */
export function shorten(text: string, length: number): string {
  // Most texts are short enough as they are; only the others are taken apart.
  if (text.length <= length) return text;
  const characters = Array.from(letters.segment(text.slice(0, length * 8)), ({ segment }) => segment);
  if (characters.length <= length) return text;
  return `${characters
    .slice(0, length - 1)
    .join('')
    .trimEnd()}…`;
}
