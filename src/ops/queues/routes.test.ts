import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createTestApi, type TestApi } from '../../../test/helpers/api.ts';
import { startRedis, type RedisServer } from '../../../test/helpers/redis.ts';
import { createTestSystem, type TestSystem } from '../../../test/helpers/system.ts';

let redis: RedisServer;
let system: TestSystem;
let api: TestApi;
before(async () => {
  redis = await startRedis();
  system = await createTestSystem('redis', { redisUrl: redis.url });
  api = await createTestApi(system);
});
after(async () => {
  redis.resume();
  await api.close();
  await system.close();
  await redis.stop();
});

test('while the engine hangs the overview is 503 with the time to come back, and works again when it is back', async () => {
  redis.pause();
  const { status, body, headers } = await api.call('GET', '/api/v1/admin/queues');
  assert.deepEqual([status, body, headers['retry-after']], [503, { error: 'Service unavailable' }, '1']);
  redis.resume();
  assert.equal((await api.call('GET', '/api/v1/admin/queues')).status, 200);
});
