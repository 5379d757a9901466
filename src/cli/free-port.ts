import { once } from 'node:events';
import { createServer } from 'node:net';

/** The port, or a free one where somebody listens there already. @throws what keeps anybody from listening on that host at all */
export async function findFreePort(host: string, port: number): Promise<number> {
  const taken = await listenOnce(host, port).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') return null;
    throw error;
  });
  return taken ?? listenOnce(host, 0);
}

async function listenOnce(host: string, port: number): Promise<number> {
  const server = createServer();
  server.listen(port, host);
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error(`nobody knows the port on ${host}`);
  return address.port;
}
