import type { RenderedEmail } from './templates/layout.ts';

/** An email that is ready to go. */
export interface Mail extends RenderedEmail {
  /** `Find Me a Hot Lead <no-reply@example.com>`. */
  from: string;
  /** One address, without a name. */
  to: string;
  /** In angle brackets. */
  messageId: string;
  date: Date;
  headers: Readonly<Record<string, string>>;
  template: string;
  jobId: string;
}

/** Where emails go. */
export interface MailTransport {
  readonly kind: 'smtp' | 'folder';
  /**
   * Resolves when the server, or the file system, has taken the mail. Aborted, it closes the connection
   * that the mail is on; the server may have taken it nevertheless.
   * @throws Error with a short reason that has no personal data: `SMTP timeout`
   */
  send: (mail: Mail, signal: AbortSignal) => Promise<void>;
  /** Closes the connections. To be called when the workers have stopped. */
  close: () => Promise<void>;
}

/** The mail as nodemailer takes it. */
export function composed({ from, to, subject, text, html, messageId, date, headers }: Mail) {
  return {
    from,
    // An object is taken as it is; a string would be parsed, and could turn out to be two addresses.
    to: { name: '', address: to },
    subject,
    text,
    html,
    messageId,
    date,
    headers: { ...headers, 'Auto-Submitted': 'auto-generated' },
    disableFileAccess: true,
    disableUrlAccess: true,
  };
}
