import { ProviderError, describeError } from '../errors.ts';
import type { SlackClient } from './clients.ts';
import { isSlackAddress } from './respond.ts';

const TIMEOUT_MS = 20_000;

/**
 * Brings a file's bytes to Slack, where nobody sees it until `files.completeUploadExternal` shows it somewhere.
 * @returns Slack's id of it
 * @throws ProviderError
 */
export async function uploadFile(
  client: SlackClient,
  file: { name: string; title: string; bytes: Buffer },
  options: { apiUrl: string; fetch: typeof fetch; signal: AbortSignal },
): Promise<string> {
  const { name: filename, title, bytes } = file;
  const { upload_url: url, file_id: fileId } = await client.call('files.getUploadURLExternal', (api) =>
    api.files.getUploadURLExternal({ filename, length: bytes.length, alt_text: title }),
  );
  if (fileId === undefined || url === undefined || !isSlackAddress(url, options.apiUrl))
    throw failure('names no address of Slack’s to upload to');
  let response: Response;
  try {
    response = await options.fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/octet-stream' },
      body: new Uint8Array(bytes),
      redirect: 'error',
      signal: AbortSignal.any([options.signal, AbortSignal.timeout(TIMEOUT_MS)]),
    });
  } catch (error) {
    options.signal.throwIfAborted();
    throw failure(describeError(error));
  }
  await response.body?.cancel();
  // The address is good for one file: another try asks for another one.
  if (!response.ok) throw failure(`answered ${response.status}`);
  return fileId;
}

// Never with the address in it: whoever has that may upload.
function failure(message: string): ProviderError {
  return new ProviderError({ provider: 'slack', operation: 'upload', kind: 'unavailable', message });
}
