import type { Credentials } from './demo/client.ts';
import type { Services } from './services.ts';

export interface BannerFacts {
  url: string;
  /** The one-time set-up token; null when there is an admin. */
  setupToken: string | null;
  /** Who the demo signs in as; null without a demo. */
  demoAdmin: Credentials | null;
  services: Services;
}

/** What a person sees when the system is up. Goes to standard error: it is no log line, and has a secret. */
export function banner({ url, setupToken, demoAdmin, services: { config, engine } }: BannerFacts): string {
  const engineName = engine.kind === 'redis' ? 'Redis' : 'PostgreSQL (set REDIS_URL for Redis)';
  const database = config.databaseUrl === null ? `embedded in ${config.dataDir}` : 'from DATABASE_URL';
  const mail = config.smtpUrl === null ? `written to ${config.dataDir}/mail` : 'sent by SMTP';
  const lines = [
    '',
    `  Find Me a Hot Lead is ready:  ${url}`,
    `  API documentation:            ${url}/api/docs`,
    `  Database: ${database}. Queues on ${engineName}. Mail is ${mail}.`,
  ];
  if (demoAdmin !== null && config.admin === null) {
    const { email, password, totpSecret } = demoAdmin;
    lines.push(
      '',
      '  The demo runs. Its admin, for you to sign in as:',
      `    email ${email}   password ${password}   TOTP secret ${totpSecret ?? '-'}`,
    );
  } else if (setupToken !== null) {
    lines.push(
      '',
      '  There is no admin yet. This token makes the first one, once, within 24 hours:',
      '',
      `    ${setupToken}`,
      '',
      `  In a browser: ${url}/setup?token=${setupToken}`,
      '  Or by the API:',
      '',
      `    curl -s ${url}/api/v1/setup -H 'content-type: application/json' \\`,
      `      -d '{"token":"${setupToken}","email":"you@example.com","password":"at least 12 characters"}'`,
    );
  }
  return `${lines.join('\n')}\n\n`;
}
