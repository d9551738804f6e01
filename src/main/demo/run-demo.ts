import { setTimeout as pause } from 'node:timers/promises';
import { errorText } from '../../platform/lifecycle/errors.ts';
import { createClient, signIn, type Credentials } from './client.ts';
import { openMailbox } from './mailbox.ts';
import { progress } from './progress.ts';
import {
  changePrices,
  confirmAndDecide,
  decideReports,
  exportReport,
  NOTHING_YET,
  readInboxes,
  submitLead,
  tendDeadLetters,
  type Actors,
  type Counts,
} from './traffic.ts';
import { buildWorld } from './world.ts';

export interface DemoOptions {
  /** Of the running system. */
  url: string;
  /** The folder that the system writes its mails to; leads are confirmed from it. */
  mailFolder: string;
  admin: Credentials;
  /** How many leads to submit before it ends. */
  leads: number;
  /** Where the progress line goes. */
  output: NodeJS.WriteStream;
  signal: AbortSignal;
}

/** Below the rate limit of lead intake, which is 30 a minute for one address. */
const BETWEEN_LEADS_MS = 2_200;
/** After the last lead, how long the others go on with what is under way. */
const AFTERMATH_MS = 30_000;

/**
 * Fills a running system with life through its own API: niches, providers with balances, then a stream of
 * leads that are confirmed, approved, distributed, read, accepted and reported, and a share of mails that
 * fail. Ends by itself, or when the signal fires.
 * @throws when the system does not answer as it should
 */
export async function runDemo(options: DemoOptions): Promise<Counts> {
  const { url, signal } = options;
  const counts: Counts = { ...NOTHING_YET };
  const line = progress(options.output, options.leads, counts);
  try {
    line.say('signing in and making niches, levels and providers');
    const admin = await signIn(url, options.admin, signal);
    const world = await buildWorld(url, admin, signal);
    const mailbox = await openMailbox(options.mailFolder);
    const actors: Actors = { ...world, anybody: createClient(url, null), admin, mailbox };
    line.start();
    await Promise.all([stream(actors, counts, options), lifeGoesOn(actors, counts, options)]);
    line.end(signal.aborted ? 'stopped' : 'done');
  } catch (error) {
    if (!signal.aborted) {
      line.end(`failed: ${errorText(error)}`);
      throw error;
    }
    line.end('stopped');
  }
  return counts;
}

async function stream(actors: Actors, counts: Counts, { leads, signal }: DemoOptions): Promise<void> {
  while (counts.submitted < leads && !signal.aborted) {
    await submitLead(actors, counts);
    await changePrices(actors, counts);
    await rest(BETWEEN_LEADS_MS, signal);
  }
}

async function lifeGoesOn(actors: Actors, counts: Counts, { leads, signal }: DemoOptions): Promise<void> {
  let exported = false;
  let lastLeadAt: number | null = null;
  while (!signal.aborted) {
    await confirmAndDecide(actors, counts);
    await readInboxes(actors, counts);
    await decideReports(actors, counts);
    await tendDeadLetters(actors, counts);
    if (!exported && counts.read > 0) {
      await exportReport(actors);
      exported = true;
    }
    if (counts.submitted >= leads) lastLeadAt ??= performance.now();
    if (lastLeadAt !== null && performance.now() - lastLeadAt > AFTERMATH_MS) return;
    await rest(2_000, signal);
  }
}

/** A pause that the signal ends early. */
async function rest(ms: number, signal: AbortSignal): Promise<void> {
  await pause(ms, undefined, { signal }).catch(() => undefined);
}
