/** `npm run demo`: fills a running system with life, through its API. */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ConfigError, loadConfig } from '../config/config.ts';
import { errorText } from '../platform/lifecycle/errors.ts';
import { DEMO_LEADS } from './demo/in-process.ts';
import { runDemo } from './demo/run-demo.ts';

try {
  const config = loadConfig('cli');
  const { values } = parseArgs({ options: { url: { type: 'string' }, mail: { type: 'string' } } });
  if (config.admin === null) {
    throw new ConfigError(
      'The demo signs in as an admin: set FMHL_ADMIN_EMAIL, FMHL_ADMIN_PASSWORD and FMHL_ADMIN_TOTP_SECRET to those of the running system',
    );
  }
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  await runDemo({
    url: (values.url ?? `http://localhost:${config.port}`).replace(/\/+$/, ''),
    mailFolder: values.mail ?? join(config.dataDir, 'mail'),
    admin: config.admin,
    leads: DEMO_LEADS,
    output: process.stderr,
    signal: stop.signal,
  });
} catch (error) {
  process.stderr.write(`fmhl: ${errorText(error)}\n`);
  process.exitCode = 1;
}
