import { availableParallelism, cpus, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { median } from './numbers.ts';

/** `--companies 100,1000 --seeds 5`: numbers from the command line, the defaults where there are none. */
export function readNumbers<Name extends string>(
  defaults: Record<Name, readonly number[]>,
): Record<Name, number[]> {
  const names = Object.keys(defaults);
  const { values } = parseArgs({
    options: Object.fromEntries(names.map((name) => [name, { type: 'string' as const }])),
  });
  const numbers: Record<string, number[]> = {};
  for (const [name, fallback] of Object.entries<readonly number[]>(defaults)) {
    const given = values[name];
    const list = typeof given === 'string' ? given.split(',').map(Number) : [...fallback];
    if (list.some((value) => !Number.isFinite(value) || value <= 0))
      throw new Error(`--${name} takes numbers above zero, separated by commas`);
    numbers[name] = list;
  }
  return numbers;
}

/** `median [least..most]`. */
export function spread(values: readonly number[], digits = 2): string {
  const shown = (value: number): string => value.toFixed(digits);
  if (values.length === 1) return shown(values[0] ?? 0);
  return `${shown(median(values))} [${shown(Math.min(...values))}..${shown(Math.max(...values))}]`;
}

/** A table for people, then one line of JSON for programs, both with the machine that it was measured on. */
export function printResult(
  bench: string,
  head: readonly string[],
  rows: readonly (readonly string[])[],
  data: object,
): void {
  const machine = `${availableParallelism()} × ${cpus()[0]?.model.trim() ?? 'processor'}, ${Math.round(totalmem() / 2 ** 30)} GB, Node ${process.versions.node}`;
  const table = new Table({ head: [...head], style: { head: [], border: [] } });
  for (const row of rows) table.push([...row]);
  process.stdout.write(`\n${bench} (${machine})\n${table.toString()}\n`);
  process.stdout.write(`${JSON.stringify({ bench, machine, ...data })}\n`);
}
