/** `npm run chaos [-- --minutes 60] [-- --seed 42]`: see docs/chaos.md. */
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { requirePrograms } from '../scripts/programs.ts';
import { describe, objections } from './report.ts';
import { runChaos } from './run.ts';

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '0' }, seed: { type: 'string' } },
});
const minutes = Number(values.minutes);
const seed = values.seed === undefined ? randomInt(2 ** 32) : Number(values.seed);
if (!(minutes >= 0) || !Number.isInteger(seed) || seed < 0 || seed >= 2 ** 32) {
  process.stderr.write('--minutes must be a number, --seed a whole number from 0 to 4294967295.\n');
  process.exit(1);
}
if (!requirePrograms(['redis-server'])) process.exit(1);
const print = (line: string): void => void process.stdout.write(`${line}\n`);
print(`Seed ${seed}`);
try {
  const report = await runChaos({ seed, minutes, print });
  describe(report).forEach(print);
  process.exitCode = objections(report).length === 0 ? 0 : 1;
} catch (error) {
  print(
    `FAILED with seed ${seed}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
  );
  process.exitCode = 1;
}
