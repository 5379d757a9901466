import { refuseWith } from './answers.ts';

/** A Web API call's arguments, from a form (where all are texts, objects as JSON) or from JSON. */
export type Args = Readonly<Record<string, unknown>>;

/** An argument as text; undefined when it was not sent or is empty. */
export function readText(args: Args, name: string): string | undefined {
  const value = args[name];
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** @throws SlackRefusal when it is missing */
export function needText(args: Args, name: string): string {
  const value = readText(args, name);
  if (value === undefined) throw refuseWith('invalid_arguments', [`missing required field: ${name}`]);
  return value;
}

export function readFlag(args: Args, name: string, otherwise: boolean): boolean {
  const value = args[name];
  if (typeof value === 'boolean') return value;
  if (value === 'true' || value === '1' || value === 1) return true;
  return value === 'false' || value === '0' || value === 0 ? false : otherwise;
}

/** A whole number within bounds, as Slack bends it. */
export function readCount(args: Args, name: string, otherwise: number, most: number): number {
  const value = Number(readText(args, name) ?? otherwise);
  return Number.isInteger(value) && value > 0 ? Math.min(value, most) : otherwise;
}

/** An argument that holds JSON; undefined when it was not sent. @throws SlackRefusal named `error` for what is no JSON */
export function readJson(args: Args, name: string, error = 'invalid_arguments'): unknown {
  const value = args[name];
  if (typeof value !== 'string') return value ?? undefined;
  if (value === '') return undefined;
  try {
    return JSON.parse(value);
  } catch {
    throw refuseWith(error, [`must be valid json [json-pointer:/${name}]`]);
  }
}
