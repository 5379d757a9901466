import { readFile } from 'node:fs/promises';
import { z } from 'zod';

const Label = z.object({
  domain: z.string(),
  grade: z.number().nullable(),
  visible_in_text: z.boolean().optional(),
});

export async function readLabels(
  file: string,
): Promise<{ domain: string; grade: number | null; visible: boolean }[]> {
  const lines = (await readFile(file, 'utf8')).split('\n').filter((line) => line.trim() !== '');
  return lines.map((line) => {
    const { domain, grade, visible_in_text: visible } = Label.parse(JSON.parse(line));
    return { domain, grade, visible: visible !== false };
  });
}

const Band = z.enum(['A', 'B', 'C', 'D']).nullable().catch(null);
export const asBand = (band: string | null | undefined) => Band.parse(band ?? null);
