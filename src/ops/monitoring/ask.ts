/** Asks a server of the monitoring over HTTP: every answer in time, bounded and checked, or words for what went wrong. */
import type { z } from 'zod';
import { errorText } from '../../platform/lifecycle/errors.ts';

/** Why a server could not be read, in words that an admin may see: without its credentials. */
export class NotReadError extends Error {
  override name = 'NotReadError';
}

export interface MonitoringServer {
  /** As the product calls it: `Prometheus`. */
  name: string;
  /** Where it is; credentials in it are sent as basic authentication. */
  url: string;
}

interface Question<T extends z.ZodType> {
  /** Below the server's URL: `api/v2/alerts`. */
  path: string;
  query?: Record<string, string>;
  /** Sent as a form; then it is a POST. */
  form?: Record<string, string>;
  schema: T;
}

const DEADLINE_MS = 2_500;
const MOST_BYTES = 20_000_000;

/** @throws NotReadError */
export async function ask<T extends z.ZodType>(
  server: MonitoringServer,
  { path, query = {}, form, schema }: Question<T>,
): Promise<z.output<T>> {
  const { url, headers } = addressed(server.url, path, query);
  const where = `${server.name} at ${url.host}`;
  let text: string;
  try {
    const response = await fetch(url, {
      headers,
      signal: AbortSignal.timeout(DEADLINE_MS),
      ...(form === undefined ? {} : { method: 'POST', body: new URLSearchParams(form) }),
    });
    if (!response.ok) throw new NotReadError(`${where} answered with status ${response.status}.`);
    text = await readText(response, where);
  } catch (error) {
    throw error instanceof NotReadError ? error : new NotReadError(`${where} ${whatHappened(error)}.`);
  }
  const parsed = schema.safeParse(json(text));
  if (!parsed.success) throw new NotReadError(`${where} answered with something else than expected.`);
  return parsed.data;
}

function addressed(base: string, path: string, query: Record<string, string>) {
  const url = new URL(base);
  const { username, password } = url;
  url.username = '';
  url.password = '';
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/${path}`;
  url.search = new URLSearchParams(query).toString();
  const credentials = `${decoded(username)}:${decoded(password)}`;
  const headers: Record<string, string> =
    username === '' ? {} : { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` };
  return { url, headers };
}

/** A text with a % that escapes nothing is taken as it stands. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

async function readText(response: Response, where: string): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += (chunk as Uint8Array).length;
    if (bytes > MOST_BYTES) throw new NotReadError(`${where} answered with more than 20 MB.`);
    chunks.push(chunk as Uint8Array);
  }
  return Buffer.concat(chunks).toString();
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'refuses the connection',
  ENOTFOUND: 'is not found',
  EAI_AGAIN: 'can not be looked up',
};

/** fetch says only that it failed; why stands in the cause. */
function whatHappened(error: unknown): string {
  if (error instanceof Error && error.name === 'TimeoutError')
    return `did not answer within ${DEADLINE_MS} ms`;
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  return WORDS[code] ?? `can not be read: ${code === '' ? errorText(cause).slice(0, 100) : code}`;
}
