import { run } from '../../src/main/run.ts';
import { chaosApplication } from '../application.ts';

await run('worker', chaosApplication);
