/** bull-board as its documentation shows it, with the same queues: `bull-board.ts <redis url> <prefix>`. */
import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { FastifyAdapter } from '@bull-board/fastify';
import { Queue } from 'bullmq';
import Fastify from 'fastify';
import { Redis } from 'ioredis';
import { MANY_QUEUES } from './queues.ts';

const [url = '', prefix = ''] = process.argv.slice(2);
const connection = new Redis(url, { maxRetriesPerRequest: null });
const adapter = new FastifyAdapter();
createBullBoard({
  queues: MANY_QUEUES.map(({ name }) => new BullMQAdapter(new Queue(name, { connection, prefix }))),
  serverAdapter: adapter,
});
adapter.setBasePath('/');
const app = Fastify();
await app.register(adapter.registerPlugin(), { prefix: '/' });
process.stdout.write(`${await app.listen({ port: 0, host: '127.0.0.1' })}\n`);
