import type { Engine } from '../../src/platform/engine/engine.ts';
import { createPostgresEngine } from '../../src/platform/engine/postgres.ts';
import { createRedisEngine } from '../../src/platform/engine/redis.ts';

/** The engine on whichever server the URL names. */
export function openEngine(url: string, prefix: string): Promise<Engine> {
  const onError = (error: Error): void => process.emitWarning(error);
  return url.startsWith('redis:')
    ? createRedisEngine({ url, prefix, onError })
    : createPostgresEngine({ connectionString: url, workers: 1, onError });
}
