import type { FontFiles, Page } from '../harness/describe-sheet.ts';

/** A rival's printer: its fonts are read once, then each page becomes a document. */
export function openRival(name: string, fonts: FontFiles): Promise<(page: Page) => Promise<Uint8Array>>;
