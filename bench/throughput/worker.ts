/** A worker process of the no-op queue: `worker.ts <redis or postgres url> <prefix>`; ends at SIGTERM. */
import { createMetrics } from '../../src/ops/metrics/registry.ts';
import { DEFAULT_WORKER_SETTINGS, startWorker } from '../../src/ops/queues/worker.ts';
import { createLogger } from '../../src/platform/logging/logger.ts';
import { noop } from '../overhead/sides.ts';
import { openEngine } from './engine.ts';

const [url = '', prefix = ''] = process.argv.slice(2);
const engine = await openEngine(url, prefix);
const logger = createLogger({ level: 'info', role: 'worker', version: 'bench' });
const metrics = createMetrics({ role: 'worker', version: 'bench', queues: [noop.name], logger });
const worker = startWorker(noop, () => Promise.resolve(), {
  ...{ engine, metrics, logger },
  ...{ workerName: `bench-${process.pid}`, settings: DEFAULT_WORKER_SETTINGS },
});
process.once('SIGTERM', () => {
  void worker
    .stop(1_000)
    .then(() => engine.close())
    .then(() => process.exit(0));
});
