import { TextDecoder } from 'node:util';
import { fetch } from 'undici';
import type { Dispatcher, Response } from 'undici';

/** What one request brought; redirects are not followed. */
export type Received = {
  status: number;
  contentType: string;
  /** Where a redirect leads, as the server wrote it. */
  location: string | null;
  retryAfter: string | null;
  body: { text: string } | { tooLarge: true } | { unread: true };
};

export type ReceiveOptions = {
  dispatcher: Dispatcher;
  userAgent: string;
  signal: AbortSignal;
  /** Most bytes of the body, counted after decompression. */
  maxBytes: number;
  accept: string;
};

const READABLE = /^(text\/(html|plain|markdown|x-markdown)|application\/xhtml\+xml)$/;

/** The media type alone, lower case. */
export function mediaType(contentType: string): string {
  return (contentType.split(';', 1)[0] ?? '').trim().toLowerCase();
}

/** True for what may hold a page's text; servers that name no type are given the benefit of the doubt. */
export function isReadableType(contentType: string): boolean {
  const type = mediaType(contentType);
  return type === '' || READABLE.test(type);
}

async function takeBytes(response: Response, maxBytes: number): Promise<Uint8Array | null> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  // Leaving the loop cancels the download; undici's own size limits count compressed bytes.
  for await (const chunk of response.body ?? []) {
    if (!(chunk instanceof Uint8Array)) throw new TypeError('body chunks are bytes');
    length += chunk.length;
    if (length > maxBytes) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function decoderFor(label: string | undefined): TextDecoder | null {
  if (label === undefined) return null;
  try {
    return new TextDecoder(label);
  } catch {
    return null;
  }
}

// How far HTML looks for its own charset: the first 1024 bytes (WHATWG, "prescan a byte stream").
const PRESCAN_BYTES = 1024;

/** Bytes → text: byte order mark, then the header's charset, then the document's own, then UTF-8, then Windows-1252. */
export function decodeText(bytes: Uint8Array, contentType: string): string {
  const marked =
    bytes[0] === 0xff && bytes[1] === 0xfe
      ? 'utf-16le'
      : bytes[0] === 0xfe && bytes[1] === 0xff
        ? 'utf-16be'
        : undefined;
  const header = /charset\s*=\s*"?([\w:.-]+)/i.exec(contentType)?.[1];
  const head = new TextDecoder('latin1').decode(bytes.subarray(0, PRESCAN_BYTES));
  const own = /<meta[^>]{0,200}?charset\s*=\s*["']?([\w:.-]+)/i.exec(head)?.[1];
  const named = decoderFor(marked) ?? decoderFor(header) ?? decoderFor(own);
  if (named !== null) return named.decode(bytes);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder('windows-1252').decode(bytes);
  }
}

/**
 * Sends one GET and reads its answer if it is text.
 * @throws what undici throws when the network fails; the signal's reason when it aborts
 */
export async function receive(url: string, options: ReceiveOptions): Promise<Received> {
  const response = await fetch(url, {
    dispatcher: options.dispatcher,
    redirect: 'manual',
    signal: options.signal,
    headers: { 'user-agent': options.userAgent, accept: options.accept, 'accept-language': 'en, *;q=0.5' },
  });
  const contentType = response.headers.get('content-type') ?? '';
  const received = {
    status: response.status,
    contentType,
    location: response.headers.get('location'),
    retryAfter: response.headers.get('retry-after'),
  };
  const redirected = received.location !== null && response.status >= 300 && response.status < 400;
  if (redirected || !isReadableType(contentType)) {
    await response.body?.cancel();
    return { ...received, body: { unread: true } };
  }
  const bytes = await takeBytes(response, options.maxBytes);
  return {
    ...received,
    body: bytes === null ? { tooLarge: true } : { text: decodeText(bytes, contentType) },
  };
}
