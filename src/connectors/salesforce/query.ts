import { z } from 'zod';
import type { CallOptions } from '../call.ts';
import type { Client } from './client.ts';

/** Text as a SOQL literal. */
export function quote(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

/** All rows of a small query (setup objects, notes; never records, which `readChanges` streams); with `all` deleted ones, too. */
export async function queryRows<T>(
  client: Client,
  soql: string,
  row: z.ZodType<T>,
  options: CallOptions,
  { all = false } = {},
): Promise<T[]> {
  const Page = z.object({
    done: z.boolean(),
    nextRecordsUrl: z
      .string()
      .regex(/^\/services\/data\//)
      .optional(),
    records: z.array(row),
  });
  const rows: T[] = [];
  let url: string | undefined = `/${all ? 'queryAll' : 'query'}?q=${encodeURIComponent(soql)}`;
  while (url !== undefined) {
    const path: string = url;
    const { value } = await client.call(
      'query',
      ({ connection }) => connection.request({ method: 'GET', url: path }),
      Page,
      { ...options, repeatable: true },
    );
    rows.push(...value.records);
    url = value.done ? undefined : value.nextRecordsUrl;
  }
  return rows;
}
