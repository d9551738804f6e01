/** The only reader of the environment: one frozen, validated object. */
import { resolve } from 'node:path';
import { z } from 'zod';
import { email, newPassword, totpSecret } from '../../contract/auth.ts';
import { LOG_LEVELS, type ProcessRole } from '../../contract/log.ts';

/** A value in the environment that can't work: one line that names the variable. */
export class ConfigError extends Error {
  override name = 'ConfigError';
}

const DEFAULT_PORTS: Readonly<Record<ProcessRole, number>> = {
  start: 3000,
  api: 3000,
  worker: 3001,
  housekeeping: 3002,
  cli: 3000,
};

const text = z.string().trim().min(1, 'must not be empty');
const whole = (min: number, max: number): z.ZodType<number, string> => {
  const message = `must be a whole number from ${min} to ${max}`;
  return text
    .regex(/^\d{1,15}$/, message)
    .transform(Number)
    .pipe(z.int().min(min, message).max(max, message));
};
const url = (protocols: readonly string[]): z.ZodType<string, string> =>
  text.refine(
    (value) => URL.canParse(value) && protocols.includes(new URL(value).protocol),
    `must be a URL that starts with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`,
  );
const list = text.transform((value) => value.split(',').map((item) => item.trim()));

/** Every variable, its meaning and its default. docs/configuration.md is written from this table. */
const variables = z.object({
  /** Where HTTP listens; 0 picks a free port. Default 3000 (api, start), 3001 (worker), 3002 (housekeeping). */
  PORT: whole(0, 65_535).optional(),
  HOST: text.default('127.0.0.1'),
  /** Folder of the embedded database and of mails that are not sent. */
  FMHL_DATA_DIR: text.default('.data'),
  /** PostgreSQL 14 or newer. Unset: `npm start` runs its own. */
  DATABASE_URL: url(['postgres:', 'postgresql:']).optional(),
  /** Redis 6.2 or newer, Valkey or Dragonfly. Unset: the queues run on PostgreSQL. */
  REDIS_URL: url(['redis:', 'rediss:']).optional(),
  /** Before every key in Redis. */
  FMHL_REDIS_PREFIX: text.regex(/^[\w{}-]{1,50}$/, 'must be letters, digits, _, -, { or }').default('fmhl'),
  /** Most connections of a process to PostgreSQL, beside those of the queue engine. */
  FMHL_DATABASE_POOL: whole(4, 500).default(12),
  /** Mails go here; unset, they are written to `mail/` in the data folder. */
  SMTP_URL: url(['smtp:', 'smtps:']).optional(),
  FMHL_MAIL_FROM: text.default('Find Me a Hot Lead <no-reply@findmeahotlead.example>'),
  /** How the public reaches the API: the start of links in mails. */
  FMHL_PUBLIC_URL: url(['http:', 'https:']).optional(),
  /** Prometheus that scrapes FMHL, for the charts of the admin UI. Unset: they show what the process has kept. */
  PROMETHEUS_URL: url(['http:', 'https:']).optional(),
  /** Alertmanager, for the alerts that the admin UI shows. */
  ALERTMANAGER_URL: url(['http:', 'https:']).optional(),
  FMHL_LOG_LEVEL: z.enum(LOG_LEVELS, `must be one of ${LOG_LEVELS.join(', ')}`).default('info'),
  /** The first admin, made at start instead of by set-up: all three or none. */
  FMHL_ADMIN_EMAIL: email.optional(),
  FMHL_ADMIN_PASSWORD: newPassword.optional(),
  FMHL_ADMIN_TOTP_SECRET: totpSecret.optional(),
  /** Who may read /metrics: CIDR ranges, comma-separated. Default: loopback and private ranges. */
  FMHL_METRICS_ALLOW: list.optional(),
  /** `false`: the runbooks ask for a session of the staff. */
  FMHL_RUNBOOKS_PUBLIC: z.enum(['true', 'false'], 'must be true or false').default('true'),
  /** Proxies whose X-Forwarded-For and X-Forwarded-Proto are believed: addresses or CIDR ranges. */
  FMHL_TRUST_PROXY: list.optional(),
  /** How long running jobs and requests may take to end after SIGTERM. */
  FMHL_SHUTDOWN_GRACE_MS: whole(0, 600_000).default(20_000),
  /** How long /health/ready says 503 before the process stops listening, for load balancers to notice. */
  FMHL_SHUTDOWN_DRAIN_MS: whole(0, 120_000).default(1_000),
  /** A job whose worker is silent for this long goes to another. */
  FMHL_WORKER_LOCK_MS: whole(1_000, 600_000).default(15_000),
  FMHL_WORKER_STALLED_INTERVAL_MS: whole(500, 600_000).default(5_000),
  /** How often a job may lose its worker before it is dead. */
  FMHL_WORKER_MAX_STALLED: whole(0, 100).default(2),
});

export interface Config {
  port: number;
  host: string;
  /** Absolute. */
  dataDir: string;
  databaseUrl: string | null;
  databasePool: number;
  redisUrl: string | null;
  redisPrefix: string;
  smtpUrl: string | null;
  mailFrom: string;
  /** Null: derived from the address that the server listens on. */
  publicUrl: string | null;
  prometheusUrl: string | null;
  alertmanagerUrl: string | null;
  logLevel: (typeof LOG_LEVELS)[number];
  admin: { email: string; password: string; totpSecret: string } | null;
  metricsAllow: string[] | null;
  runbooksPublic: boolean;
  trustProxy: string[];
  shutdown: { graceMs: number; drainMs: number };
  worker: { lockMs: number; stalledIntervalMs: number; maxStalledCount: number };
  /** The variables `FMHL_QUEUE_…`, for the queue definitions to parse. */
  queueOverrides: Readonly<Record<string, string>>;
}

/**
 * Reads the configuration of a role.
 * @throws ConfigError with one line that names every bad variable
 */
export function loadConfig(
  role: ProcessRole,
  environment: NodeJS.ProcessEnv = process.env,
): Readonly<Config> {
  // An empty variable is how compose files and shells say "unset".
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const parsed = variables.safeParse(given);
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`);
    throw new ConfigError([...new Set(problems)].join('; '));
  }
  const values = parsed.data;
  return Object.freeze({
    port: values.PORT ?? DEFAULT_PORTS[role],
    host: values.HOST,
    dataDir: resolve(values.FMHL_DATA_DIR),
    databaseUrl: values.DATABASE_URL ?? null,
    databasePool: values.FMHL_DATABASE_POOL,
    redisUrl: values.REDIS_URL ?? null,
    redisPrefix: values.FMHL_REDIS_PREFIX,
    smtpUrl: values.SMTP_URL ?? null,
    mailFrom: values.FMHL_MAIL_FROM,
    publicUrl: values.FMHL_PUBLIC_URL?.replace(/\/+$/, '') ?? null,
    prometheusUrl: values.PROMETHEUS_URL ?? null,
    alertmanagerUrl: values.ALERTMANAGER_URL ?? null,
    logLevel: values.FMHL_LOG_LEVEL,
    admin: adminOf(values),
    metricsAllow: values.FMHL_METRICS_ALLOW ?? null,
    runbooksPublic: values.FMHL_RUNBOOKS_PUBLIC === 'true',
    trustProxy: values.FMHL_TRUST_PROXY ?? [],
    shutdown: { graceMs: values.FMHL_SHUTDOWN_GRACE_MS, drainMs: values.FMHL_SHUTDOWN_DRAIN_MS },
    worker: {
      lockMs: values.FMHL_WORKER_LOCK_MS,
      stalledIntervalMs: values.FMHL_WORKER_STALLED_INTERVAL_MS,
      maxStalledCount: values.FMHL_WORKER_MAX_STALLED,
    },
    queueOverrides: Object.freeze(
      Object.fromEntries(
        Object.entries(given).filter(
          (entry): entry is [string, string] => entry[0].startsWith('FMHL_QUEUE_') && entry[1] !== undefined,
        ),
      ),
    ),
  });
}

function adminOf(values: z.output<typeof variables>): Config['admin'] {
  const { FMHL_ADMIN_EMAIL: address, FMHL_ADMIN_PASSWORD: password, FMHL_ADMIN_TOTP_SECRET: secret } = values;
  if (address === undefined && password === undefined && secret === undefined) return null;
  if (address === undefined || password === undefined || secret === undefined) {
    throw new ConfigError(
      'FMHL_ADMIN_EMAIL, FMHL_ADMIN_PASSWORD and FMHL_ADMIN_TOTP_SECRET must be set together, or none of them',
    );
  }
  return { email: address, password, totpSecret: secret };
}
