/** The role `api` of an application with a hundred queues. */
import { fmhl } from '../../src/main/application.ts';
import { run } from '../../src/main/run.ts';
import { MANY_QUEUES } from './queues.ts';

await run('api', { ...fmhl, queues: MANY_QUEUES });
