import { randomUUID } from 'node:crypto';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createTransport } from 'nodemailer';
import { composed, type Mail, type MailTransport } from './mail.ts';

/**
 * Mailboxes that can't exist (RFC 2606 keeps `.invalid` free) fail here the way that a mail server would,
 * so that a system without one can be seen to fail: the demo and a newcomer send to them.
 */
const SIMULATED_FAILURES: Readonly<Record<string, string>> = {
  'bounce.invalid': 'SMTP 550: mailbox unavailable',
  'full.invalid': 'SMTP 452: mailbox full',
  'timeout.invalid': 'SMTP timeout',
  'refused.invalid': 'SMTP connection refused',
};

/**
 * Writes each mail into a folder, as `<time>-<template>-<job id>.eml`, so that the system runs without a
 * mail server. Readable by the account alone: mails hold addresses and links that act for people.
 */
export function createFolderTransport(directory: string): MailTransport {
  const composer = createTransport({ streamTransport: true, buffer: true, newline: 'windows' });
  return {
    kind: 'folder',
    send: async (mail, signal) => {
      const failure = SIMULATED_FAILURES[mail.to.slice(mail.to.lastIndexOf('@') + 1).toLowerCase()];
      if (failure !== undefined) throw new Error(failure);
      const { message } = await composer.sendMail(composed(mail));
      signal.throwIfAborted();
      try {
        await writeWhole(directory, fileName(mail), message as Buffer);
      } catch (error) {
        const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
        throw new Error(`The mail folder can't be written: ${code}`, { cause: error });
      }
    },
    close: () => Promise.resolve(),
  };
}

/** A file with this name is always a whole mail: it is renamed to it when it is written. */
async function writeWhole(directory: string, name: string, content: Buffer): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const temporary = join(directory, `.${randomUUID()}.tmp`);
  try {
    await writeFile(temporary, content, { mode: 0o600, flush: true });
    await rename(temporary, join(directory, name));
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Job ids may hold anything, a path included. */
function fileName({ date, template, jobId }: Mail): string {
  const time = date.toISOString().replaceAll(/[:.]/g, '-');
  return `${time}-${template}-${jobId.replaceAll(/[^\w-]/g, '_').slice(0, 100)}.eml`;
}
