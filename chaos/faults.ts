/** Does what the schedule says. */
import { setTimeout as pause } from 'node:timers/promises';
import type { RoleProcess } from './role-process.ts';
import type { Fault, Server } from './schedule.ts';
import type { World } from './world.ts';

export interface Faults {
  /** Begins a fault; it ends by itself. Resolves at once. False when its target suffers from another already. */
  inject: (fault: Fault) => boolean;
  /** Resolves when none is going on any more. */
  untilOver: () => Promise<void>;
}

export function createFaults(world: World): Faults {
  /** What suffers from which fault now: `redis`, `worker-1`, `worker-1 redis`. */
  const going = new Map<string, Promise<void>>();

  const begin = (place: string, work: () => Promise<void>): boolean => {
    if (going.has(place)) return false;
    going.set(
      place,
      work().finally(() => going.delete(place)),
    );
    return true;
  };
  const role = (name: string): RoleProcess => {
    const found = world.all.find((one) => one.name === name);
    if (found === undefined) throw new Error(`There is no ${name}`);
    return found;
  };

  return {
    inject: (fault) => {
      if (fault.kind === 'cut' || fault.kind === 'stall') {
        const { target, server, kind, forMs } = fault;
        return begin(`${target} ${server}`, () => disturb(role(target), server, kind, forMs));
      }
      if (fault.target === 'redis') return begin('redis', () => hurtRedis(world, fault.kind, fault.forMs));
      if (fault.target === 'postgres') return begin('postgres', () => world.postgres.kill9());
      const target = role(fault.target);
      return begin(target.name, async () => {
        if (fault.kind === 'kill') return target.kill9();
        const { thaw } = target.freeze();
        await pause(fault.forMs);
        thaw();
      });
    },
    untilOver: async () => {
      while (going.size > 0) await Promise.all(going.values());
    },
  };
}

async function disturb(
  role: RoleProcess,
  server: Server,
  kind: 'cut' | 'stall',
  forMs: number,
): Promise<void> {
  const proxy = role[server];
  if (kind === 'stall') proxy.pause();
  else await proxy.cut();
  await pause(forMs);
  if (kind === 'stall') proxy.resume();
  else await proxy.mend();
}

async function hurtRedis({ redis }: World, kind: 'kill' | 'freeze', forMs: number): Promise<void> {
  if (kind === 'kill') await redis.kill9();
  else redis.pause();
  await pause(forMs);
  if (kind === 'kill') await redis.restart();
  else redis.resume();
}
