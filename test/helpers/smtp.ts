/** A real SMTP server on a port of this machine, which a test breaks and mends. */
import type { AddressInfo, Socket } from 'node:net';
import { SMTPServer, type SMTPServerDataStream } from 'smtp-server';

export interface ReceivedMail {
  from: string;
  to: string[];
  /** The whole message as it came in. */
  raw: string;
  /** Headers by lower-case name, unfolded. */
  headers: ReadonlyMap<string, string>;
  /** The decoded plain-text part. */
  text: string;
  /** The decoded HTML part. */
  html: string;
}

/**
 * How the server is broken: `refuse` listens no more; `reject` answers every recipient with 550; `stall`
 * never answers a recipient; `drop` closes the connection at the recipient.
 */
export type Breakage = 'refuse' | 'reject' | 'stall' | 'drop';

export interface TestSmtp {
  /** `smtp://127.0.0.1:<port>`; stays the same while the server is broken and mended. */
  readonly url: string;
  /** What was accepted so far, oldest first. */
  messages: () => readonly ReceivedMail[];
  /** The open connections of clients. */
  connections: () => number;
  /** Recipients that clients have named so far, answered or not. */
  recipients: () => number;
  break: (kind: Breakage) => Promise<void>;
  mend: () => Promise<void>;
  stop: () => Promise<void>;
}

export async function startSmtp(options: { port?: number } = {}): Promise<TestSmtp> {
  const received: ReceivedMail[] = [];
  const sockets = new Set<Socket>();
  let broken: Breakage | null = null;
  let recipients = 0;

  const hangUp = (): void => sockets.forEach((socket) => socket.destroy());

  const build = (): SMTPServer => {
    const server = new SMTPServer({
      authOptional: true,
      disabledCommands: ['STARTTLS', 'AUTH'],
      disableReverseLookup: true,
      logger: false,
      onRcptTo: (address, _session, callback) => {
        recipients += 1;
        if (broken === 'stall') return;
        if (broken === 'drop') hangUp();
        else if (broken === 'reject') callback(rejection(`<${address.address}>: mailbox unavailable`));
        else callback();
      },
      onData: (stream, { envelope }, callback) => {
        void readAll(stream).then((raw) => {
          const from = envelope.mailFrom === false ? '' : envelope.mailFrom.address;
          received.push({ from, to: envelope.rcptTo.map(({ address }) => address), raw, ...parse(raw) });
          callback();
        }, callback);
      },
    });
    // A client that goes away in the middle is what these tests are about.
    server.on('error', () => undefined);
    server.server.on('connection', (socket: Socket) => {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
    });
    return server;
  };

  const listen = async (port: number): Promise<SMTPServer> => {
    const server = build();
    await new Promise<void>((resolve, reject) => {
      server.server.once('error', reject);
      server.listen(port, '127.0.0.1', () => resolve());
    });
    return server;
  };
  const shut = async (server: SMTPServer): Promise<void> => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    hangUp();
    await closed;
  };

  let server: SMTPServer | null = await listen(options.port ?? 0);
  const { port } = server.server.address() as AddressInfo;

  return {
    url: `smtp://127.0.0.1:${port}`,
    messages: () => received,
    connections: () => sockets.size,
    recipients: () => recipients,
    break: async (kind) => {
      broken = kind;
      if (kind !== 'refuse' || server === null) return;
      await shut(server);
      server = null;
    },
    mend: async () => {
      broken = null;
      server ??= await listen(port);
    },
    stop: async () => {
      if (server !== null) await shut(server);
      server = null;
    },
  };
}

function rejection(reason: string): Error {
  return Object.assign(new Error(reason), { responseCode: 550 });
}

async function readAll(stream: SMTPServerDataStream): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

/** Takes a message of the product apart: headers, and a multipart/alternative of text and HTML. */
export function parse(raw: string): Pick<ReceivedMail, 'headers' | 'text' | 'html'> {
  const [head, body] = split(raw);
  const headers = headersOf(head);
  const boundary = /boundary="([^"]+)"/.exec(headers.get('content-type') ?? '')?.[1];
  const parts = boundary === undefined ? [] : body.split(`--${boundary}`).map((part) => part.trimStart());
  return { headers, text: decoded(parts, 'text/plain'), html: decoded(parts, 'text/html') };
}

function decoded(parts: string[], type: string): string {
  for (const part of parts) {
    const [head, body] = split(part);
    const headers = headersOf(head);
    if (headers.get('content-type')?.startsWith(type) !== true) continue;
    switch (headers.get('content-transfer-encoding')) {
      case 'base64':
        return Buffer.from(body, 'base64').toString('utf8');
      case 'quoted-printable':
        return fromQuotedPrintable(body);
      default:
        return body;
    }
  }
  return '';
}

function split(text: string): [head: string, body: string] {
  const end = text.indexOf('\r\n\r\n');
  return end === -1 ? [text, ''] : [text.slice(0, end), text.slice(end + 4)];
}

function headersOf(head: string): Map<string, string> {
  const headers = new Map<string, string>();
  for (const line of head.replace(/\r\n[ \t]+/g, ' ').split('\r\n')) {
    const colon = line.indexOf(':');
    headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
  }
  return headers;
}

function fromQuotedPrintable(text: string): string {
  const bytes = text
    .replace(/=\r\n/g, '')
    .replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1').toString('utf8');
}
