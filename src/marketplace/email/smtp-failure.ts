import { errorText } from '../../platform/lifecycle/errors.ts';
import { MASK, redactText } from '../../platform/logging/redact.ts';

/** What went wrong with a connection, by the code of the system or, failing that, of nodemailer. */
const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  EPIPE: 'connection reset',
  ENETUNREACH: 'host unreachable',
  EHOSTUNREACH: 'host unreachable',
  ENOTFOUND: 'host not found',
  ETIMEDOUT: 'timeout',
  EDNS: 'host not found',
  ETLS: 'TLS failed',
  EAUTH: 'authentication failed',
  ECONNECTION: 'connection closed',
  EPROTOCOL: 'protocol error',
};

const MAX_REPLY = 200;

/**
 * A short error for what nodemailer failed with: `SMTP timeout`, `SMTP connection refused`,
 * `SMTP 550: mailbox unavailable`. It ends up in the dead-letter queue, the log and `email_events`; so
 * addresses, and the recipient's however the server's reply has it, are masked.
 */
export function smtpFailure(error: unknown, recipient: string): Error {
  const { responseCode, response, originalCode, code } = detailsOf(error);
  if (responseCode !== undefined) {
    const reply = replyText(response ?? '', recipient);
    return new Error(reply === '' ? `SMTP ${responseCode}` : `SMTP ${responseCode}: ${reply}`);
  }
  const reason = REASONS[originalCode ?? ''] ?? REASONS[code ?? ''];
  return new Error(`SMTP ${reason ?? mask(errorText(error), recipient).slice(0, MAX_REPLY)}`);
}

interface Details {
  responseCode?: number;
  response?: string;
  originalCode?: string;
  code?: string;
}

function detailsOf(error: unknown): Details {
  if (!(error instanceof Error)) return {};
  return {
    ...('responseCode' in error && typeof error.responseCode === 'number'
      ? { responseCode: error.responseCode }
      : {}),
    ...('response' in error && typeof error.response === 'string' ? { response: error.response } : {}),
    ...('originalCode' in error && typeof error.originalCode === 'string'
      ? { originalCode: error.originalCode }
      : {}),
    ...('code' in error && typeof error.code === 'string' ? { code: error.code } : {}),
  };
}

/** The words of a reply, which may have several lines: `550-5.1.1 No such user` → `No such user`. */
function replyText(response: string, recipient: string): string {
  const words = response
    .split(/\r?\n/)
    .map((line) => line.replace(/^\d{3}[ -]?/, '').replace(/^\d\.\d{1,3}\.\d{1,3}\s+/, ''))
    .join(' ');
  return mask(words, recipient)
    .replace(/\p{Cc}+/gu, ' ')
    .trim()
    .slice(0, MAX_REPLY);
}

function mask(text: string, recipient: string): string {
  const local = recipient.slice(0, recipient.lastIndexOf('@'));
  // Most servers write `<address>: reason`; the reason alone reads better than a mask.
  let masked = text.replace(/<[^<>\s]*>:?\s*/g, '').replaceAll(recipient, MASK);
  // Servers also name the mailbox alone: "user bob.smith is unknown".
  if (local.length >= 3)
    masked = masked.replace(new RegExp(`(?<![\\w.-])${escaped(local)}(?![\\w-])`, 'gi'), MASK);
  return redactText(masked);
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}
