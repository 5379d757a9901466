import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { Socket } from 'node:net';

/** An address that is known before there is a server behind it. */
export type FrontDoor = {
  url: string;
  /** From now on whoever comes is led to that port of this machine. */
  leadTo(port: number): void;
  close(): Promise<void>;
};

/** Opens one on a free port of this machine. */
export async function openFrontDoor(): Promise<FrontDoor> {
  let behind: number | null = null;
  const open = new Set<Socket>();
  const keep = (socket: Socket): void => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    // Either side may hang up.
    socket.on('error', () => socket.destroy());
  };
  const server = createServer((outside) => {
    keep(outside);
    if (behind === null) return void outside.destroy();
    const inside = connect(behind, '127.0.0.1');
    keep(inside);
    outside.pipe(inside);
    inside.pipe(outside);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the front door has no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    leadTo: (port) => {
      behind = port;
    },
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of open) socket.destroy();
      await closed;
    },
  };
}
