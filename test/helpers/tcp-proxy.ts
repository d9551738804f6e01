import { connect, createServer, type Socket } from 'node:net';

export interface TcpProxy {
  port: number;
  /** Connections that are open now. */
  connections: () => number;
  /** Lets nothing through any more, in either direction; connections stay open, new ones too. */
  pause: () => void;
  resume: () => void;
  /** Breaks all connections and refuses new ones. */
  cut: () => Promise<void>;
  /** Listens again, on the same port. */
  mend: () => Promise<void>;
  close: () => Promise<void>;
}

/** Stands between a client and a server, and can be as bad as a network can. */
export async function startTcpProxy(target: { host: string; port: number }): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  let paused = false;
  const follow = (from: Socket, to: Socket): void => {
    sockets.add(from);
    if (paused) from.pause();
    from.on('data', (chunk: Buffer) => to.write(chunk));
    from.on('error', () => to.destroy());
    from.on('close', () => {
      sockets.delete(from);
      to.destroy();
    });
  };
  const server = createServer((client) => {
    const upstream = connect(target.port, target.host);
    follow(client, upstream);
    follow(upstream, client);
  });
  const listen = (port: number): Promise<void> =>
    new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', () => {
        server.off('error', reject);
        resolve();
      });
    });
  await listen(0);
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('The proxy has no port');
  const { port } = address;
  const cut = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      for (const socket of sockets) socket.destroy();
    });
  return {
    port,
    connections: () => sockets.size / 2,
    pause: () => {
      paused = true;
      for (const socket of sockets) socket.pause();
    },
    resume: () => {
      paused = false;
      for (const socket of sockets) socket.resume();
    },
    cut,
    mend: () => listen(port),
    close: cut,
  };
}

/** The same database or Redis, through a proxy. */
export function throughProxy(url: string, proxy: TcpProxy): string {
  const changed = new URL(url);
  changed.hostname = '127.0.0.1';
  changed.port = String(proxy.port);
  return changed.href;
}
