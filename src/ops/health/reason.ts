import { errorText } from '../../platform/lifecycle/errors.ts';
import { redactText } from '../../platform/logging/redact.ts';

const MAX_REASON = 200;

/** Codes of Node and SQLSTATEs whose own message names hosts, users or databases. */
const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  EPIPE: 'connection lost',
  ENOTFOUND: 'host not found',
  EAI_AGAIN: 'host name could not be looked up',
  EHOSTUNREACH: 'host unreachable',
  ENETUNREACH: 'network unreachable',
  ETIMEDOUT: 'connection timed out',
  '28000': 'authentication refused',
  '28P01': 'authentication refused',
  '3D000': 'no such database',
  '53300': 'too many connections',
  '57P01': 'the server is shutting down',
  '57P02': 'the server has crashed',
  '57P03': 'the server is starting up',
};

/** Why a dependency is down, in a few words that anybody may read: the readiness answer is public. */
export function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return WORDS[code] ?? redactText(errorText(error)).slice(0, MAX_REASON);
}
