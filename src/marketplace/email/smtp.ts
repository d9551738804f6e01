import { createTransport } from 'nodemailer';
import { StartError } from '../../platform/lifecycle/errors.ts';
import { composed, type MailTransport } from './mail.ts';
import { smtpFailure } from './smtp-failure.ts';

export interface SmtpOptions {
  /** `smtp://user:password@host:587` or `smtps://…`. */
  url: string;
  /** Most connections; a mail above that waits for one. Default 10, the queue's concurrency. */
  maxConnections?: number | undefined;
  /**
   * How long connecting up to the greeting may take, and then each reply, in milliseconds. Default 10 s:
   * below the queue's timeout, so that a server that stalls is told from an attempt that was aborted.
   */
  timeoutMs?: number | undefined;
}

/** @throws StartError when the URL is not one of an SMTP server */
export function createSmtpTransport(options: SmtpOptions): MailTransport {
  const { url, maxConnections = 10, timeoutMs = 10_000 } = options;
  if (!URL.canParse(url) || !/^smtps?:$/.test(new URL(url).protocol)) {
    // Not repeated: it may carry a password.
    throw new StartError('The SMTP server must be a URL that starts with smtp:// or smtps://.');
  }
  const pool = createTransport({
    url,
    pool: true,
    maxConnections,
    // For a pooled connection that the server has closed meanwhile; none of the mail was sent on it.
    maxRequeues: 2,
    // From looking the host up to its greeting.
    connectionTimeout: timeoutMs,
    socketTimeout: timeoutMs,
  });
  return {
    kind: 'smtp',
    send: async (mail, signal) => {
      try {
        await pool.sendMail({ ...composed(mail), signal });
      } catch (error) {
        signal.throwIfAborted();
        throw smtpFailure(error, mail.to);
      }
    },
    close: () => {
      pool.close({ force: true });
      return Promise.resolve();
    },
  };
}
