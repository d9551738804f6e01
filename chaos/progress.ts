import { sql } from 'kysely';
import { total, type Tally } from './tally.ts';
import type { World } from './world.ts';

const EVERY_MS = 5_000;

/** Says every few seconds how far the run is. */
export function startProgress(
  { db }: World,
  tally: Tally,
  seconds: () => number,
  print: (line: string) => void,
): { stop: () => void } {
  const tell = async (): Promise<void> => {
    const { rows } = await sql<{ accepted: string; dead: string; retried: string }>`
      SELECT (SELECT count(*) FROM chaos.accepted) AS accepted, count(*) AS dead,
             count(*) FILTER (WHERE resolution = 'retried') AS retried
        FROM dead_letter_queue`.execute(db);
    const [now] = rows;
    print(
      `${String(seconds()).padStart(5)} s  through the outbox ${now?.accepted ?? 0}, dead ${now?.dead ?? 0}, ` +
        `retried ${now?.retried ?? 0}, faults ${total(tally.faults)}, cases ${total(tally.cases)}  (${tally.latest()})`,
    );
  };
  const timer = setInterval(() => {
    tell().catch(() => print(`${String(seconds()).padStart(5)} s  PostgreSQL is away  (${tally.latest()})`));
  }, EVERY_MS);
  return { stop: () => clearInterval(timer) };
}
