import { createFolderTransport } from './folder.ts';
import type { MailTransport } from './mail.ts';
import { createSmtpTransport, type SmtpOptions } from './smtp.ts';

export interface MailTransportOptions extends Omit<SmtpOptions, 'url'> {
  /** `smtp://…` or `smtps://…`; null when no server is configured. */
  smtpUrl: string | null;
  /** Where mails are written then. Made when the first one is. */
  directory: string;
}

/**
 * The mail server where one is configured, else a folder (Epic 10).
 * @throws StartError when `smtpUrl` is not the URL of an SMTP server
 */
export function createMailTransport({ smtpUrl, directory, ...limits }: MailTransportOptions): MailTransport {
  return smtpUrl === null
    ? createFolderTransport(directory)
    : createSmtpTransport({ url: smtpUrl, ...limits });
}
