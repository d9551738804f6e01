/** Brings a role up, keeps it running, and takes it down in order. */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { parseArgs } from 'node:util';
import closeWithGrace from 'close-with-grace';
import type { ProcessRole } from '../../contract/log.ts';
import { ConfigError, loadConfig, type Config } from '../config/config.ts';
import { ensureFirstAdmin } from '../ops/access/first-admin.ts';
import { startHeartbeat, type HeartbeatLoop } from '../ops/health/heartbeat.ts';
import type { Readiness } from '../ops/health/readiness.ts';
import { errorText, StartError } from '../platform/lifecycle/errors.ts';
import { terminalDestination } from '../platform/logging/destination.ts';
import { createLogger, type Logger } from '../platform/logging/logger.ts';
import { fmhl, type Application } from './application.ts';
import { banner } from './banner.ts';
import { startDemo, type InProcessDemo } from './demo/in-process.ts';
import { startHousekeeping } from './housekeeping-work.ts';
import { buildServer, listen, refuseTakenPort } from './http.ts';
import { packageVersion } from './package.ts';
import { openServices, type Services } from './services.ts';
import { createTeardown, type Teardown } from './teardown.ts';

/** Beyond the grace periods, how long closing may take before the process just ends. */
const CLOSING_MS = 15_000;

/** Runs a role until it is told to stop. A mistake in how it was started is one line and exit code 1. */
export async function run(role: ProcessRole, application: Application = fmhl): Promise<void> {
  let config: Readonly<Config>;
  let args: Arguments;
  try {
    config = loadConfig(role);
    args = parseArguments(role);
  } catch (error) {
    fail(error);
  }
  const terminal = process.stdout.isTTY ? { destination: terminalDestination() } : {};
  const logger = createLogger({ level: config.logLevel, role, version: packageVersion(), ...terminal });
  const teardown = createTeardown();
  const up = bringUp({ role, application, config, args, logger, teardown });
  const closing = stopOnSignal(config, logger, async (onFailure) => {
    // What is being started now is not among the things to undo yet: an orphaned database server, for one.
    await up.catch(() => undefined);
    await teardown.run(onFailure);
  });
  try {
    await up;
  } catch (error) {
    if (!isMistake(error)) logger.fatal('process_failed', {}, error);
    closing.uninstall();
    await teardown.run(() => undefined);
    fail(error);
  }
}

interface BringUp {
  role: ProcessRole;
  application: Application;
  config: Readonly<Config>;
  args: Arguments;
  logger: Logger;
  teardown: Teardown;
}

async function bringUp(boot: BringUp): Promise<void> {
  const { role, application, config, args, logger, teardown } = boot;
  const startedAt = performance.now();
  logger.info('process_starting', { node: process.version });
  await refuseTakenPort(config);
  const services = await openServices({ config, role, logger, teardown, definitions: application.queues });

  let url = '';
  const { app, readiness } = await buildServer(services, () => config.publicUrl ?? url);
  url = await listen(app, config);
  teardown.defer('the HTTP server', () => app.close());

  const serving: Record<string, number> = {};
  const heartbeat = beat(services, readiness, serving);
  teardown.defer('the heartbeat', () => heartbeat.stop());

  const all = role === 'start';
  if (all || role === 'housekeeping') {
    const leadership = startHousekeeping(services, application.tasks(services));
    teardown.defer('housekeeping', () => leadership.stop());
  }
  if (all || role === 'worker') {
    const workers = application.startWorkers(services, args.queues);
    teardown.defer('the workers', () => workers.stop(config.shutdown.graceMs));
    for (const { name, concurrency } of services.queues) {
      if (args.queues === null || args.queues.includes(name)) serving[name] = concurrency;
    }
    heartbeat.beat();
  }
  let demo: InProcessDemo | null = null;
  teardown.defer('the demo', async () => demo?.stop());
  // Undone first: probes see 503 before anything ends.
  teardown.defer('readiness', async () => {
    readiness.stopping();
    if (config.shutdown.drainMs > 0)
      await new Promise((resolve) => setTimeout(resolve, config.shutdown.drainMs));
  });
  const setupToken = all || role === 'api' ? await firstAdmin(services) : null;
  const { status } = await readiness.check();
  logger.info('process_ready', { url, status, ms: Math.round(performance.now() - startedAt) });
  if (args.demo) demo = await startDemo(services, url);
  if (all || setupToken !== null) {
    process.stderr.write(banner({ url, setupToken, demoAdmin: demo?.admin ?? null, services }));
  }
}

/** @param serving the queues that the process serves, and how many jobs of each it runs at once */
function beat(services: Services, readiness: Readiness, serving: Record<string, number>): HeartbeatLoop {
  const { db, metrics, logger, role, clock } = services;
  const startedAt = new Date(clock.now() - process.uptime() * 1_000);
  const identity = { id: randomUUID(), role, host: hostname(), pid: process.pid, version: packageVersion() };
  return startHeartbeat({
    ...{ db, metrics, logger, readiness },
    identity: { ...identity, startedAt },
    queues: () => serving,
  });
}

function firstAdmin({ db, logger, clock, config }: Services): Promise<string | null> {
  return ensureFirstAdmin({ db, logger, clock, admin: config.admin ?? undefined });
}

function stopOnSignal(
  config: Readonly<Config>,
  logger: Logger,
  takeDown: Teardown['run'],
): { uninstall: () => void } {
  const delay = config.shutdown.graceMs + config.shutdown.drainMs + CLOSING_MS;
  return closeWithGrace({ delay, logger: false }, async ({ signal, err }) => {
    if (err !== undefined) logger.fatal('process_failed', {}, err);
    logger.info('process_stopping', { signal: signal ?? null });
    await takeDown((what, reason) => logger.error('process_failed', { what, reason }));
    logger.info('process_stopped');
  });
}

interface Arguments {
  /** `--queues email_send,scheduled` of the worker role; null for all. */
  queues: string[] | null;
  /** `--demo` of `npm start`. */
  demo: boolean;
}

function parseArguments(role: ProcessRole): Arguments {
  try {
    const { values } = parseArgs({
      options: {
        ...(role === 'worker' ? { queues: { type: 'string' as const } } : {}),
        ...(role === 'start' ? { demo: { type: 'boolean' as const } } : {}),
      },
    });
    const queues =
      typeof values.queues === 'string' ? values.queues.split(',').map((name) => name.trim()) : null;
    return { queues, demo: values.demo === true };
  } catch (error) {
    throw new StartError(errorText(error));
  }
}

function isMistake(error: unknown): boolean {
  return error instanceof StartError || error instanceof ConfigError;
}

function fail(error: unknown): never {
  process.stderr.write(`fmhl: ${errorText(error)}\n`);
  process.exit(1);
}
