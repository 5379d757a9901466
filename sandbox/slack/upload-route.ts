import busboy from 'busboy';
import type { Express, Request } from 'express';
import { buffer } from 'node:stream/consumers';
import type { Slack } from './slack.ts';

/** Mounts the addresses to which files are uploaded, as the raw body or as one part of a form. */
export function mountUploads(app: Express, slack: Slack): void {
  app.post('/upload/v1/:key', async (request, response) => {
    response.locals.operation = 'upload';
    const upload = slack.uploads.byKey(String(request.params.key));
    if (upload === undefined) {
      response.status(404).type('text/plain').send('not found');
      return;
    }
    const bytes = await readBytes(request, upload.length);
    // What is longer or shorter than announced is no file.
    if (bytes === null || bytes.length !== upload.length) {
      response.status(400).type('text/plain').send('length mismatch');
      return;
    }
    upload.bytes = bytes;
    response.type('text/plain').send(`OK - ${bytes.length}`);
  });
}

/** Null for a form that holds no file, several, or one that is too long. */
async function readBytes(request: Request, most: number): Promise<Buffer | null> {
  if (request.is('multipart/form-data') === false) {
    const whole = await buffer(request);
    return whole.length > most ? null : whole;
  }
  // The library counts a file that just reaches its limit as cut.
  const form = busboy({ headers: request.headers, limits: { files: 1, fileSize: most + 1 } });
  const parts: Promise<{ bytes: Buffer; cut: boolean }>[] = [];
  let tooMany = false;
  form.on('file', (_name, stream) => {
    parts.push(buffer(stream).then((bytes) => ({ bytes, cut: stream.truncated === true })));
  });
  form.on('filesLimit', () => {
    tooMany = true;
  });
  await new Promise<void>((resolve, reject) => {
    form.once('close', resolve);
    form.once('error', reject);
    request.pipe(form);
  });
  const [part] = await Promise.all(parts);
  return part === undefined || part.cut || tooMany ? null : part.bytes;
}
