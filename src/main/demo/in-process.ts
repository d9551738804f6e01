import { randomBytes, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { createUser } from '../../ops/access/create-user.ts';
import { newTotpSecret } from '../../ops/access/totp.ts';
import { errorText, StartError } from '../../platform/lifecycle/errors.ts';
import type { Services } from '../services.ts';
import type { Credentials } from './client.ts';
import { runDemo } from './run-demo.ts';

export const DEMO_LEADS = 120;

export interface InProcessDemo {
  /** Who the demo signs in as: the configured admin, or one made for it. */
  admin: Credentials;
  stop: () => Promise<void>;
}

/**
 * Runs the demo beside the system that this process has just brought up.
 * @throws StartError when mails go to a real server: the demo confirms leads from the mail folder
 */
export async function startDemo(services: Services, url: string): Promise<InProcessDemo> {
  const { config, logger } = services;
  if (config.smtpUrl !== null) {
    throw new StartError('--demo needs the mails in the data folder: start without SMTP_URL.');
  }
  const admin = config.admin ?? (await makeAdmin(services));
  const stop = new AbortController();
  const running = runDemo({
    url,
    mailFolder: join(config.dataDir, 'mail'),
    admin,
    leads: DEMO_LEADS,
    output: process.stderr,
    signal: stop.signal,
  }).catch((error: unknown) =>
    logger.error('process_failed', { what: 'the demo', reason: errorText(error) }),
  );
  return {
    admin,
    stop: async () => {
      stop.abort();
      await running;
    },
  };
}

async function makeAdmin({ db, clock }: Services): Promise<Credentials> {
  const made = {
    email: `demo-admin-${randomUUID().slice(0, 8)}@demo.example`,
    password: randomBytes(18).toString('base64url'),
    totpSecret: newTotpSecret(),
  };
  await createUser({ db, clock }, { ...made, role: 'admin' });
  return made;
}
