import { hash, verify } from '@node-rs/argon2';
import { createGate, type GateOptions } from './gate.ts';
import { newToken } from './tokens.ts';

/** argon2id (the library's default variant) at the cost that OWASP recommends: 19 MiB, 2 passes, 1 lane. */
const COST = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

/** Three at a time leave one of libuv's four threads to files and name look-ups; 100 wait about a second. */
const DEFAULT_GATE: GateOptions = { concurrency: 3, maxWaiting: 100 };

export interface Passwords {
  /** @throws HttpError `service_unavailable` when too many wait */
  hash: (password: string) => Promise<string>;
  /**
   * Whether the password is the hashed one. With no hash (nobody has that address) it takes as long, and
   * answers false. @throws HttpError `service_unavailable` when too many wait
   */
  verify: (hashed: string | null, password: string) => Promise<boolean>;
}

/** The argon2id hash of a password, as a PHC string. Takes about 30 ms and 19 MiB. */
export function hashPassword(password: string): Promise<string> {
  return hash(normal(password), COST);
}

/** Hashing for requests: bounded in how much of it runs at once. */
export async function createPasswords(gateOptions: GateOptions = DEFAULT_GATE): Promise<Passwords> {
  const gate = createGate(gateOptions);
  const nobodysHash = await hashPassword(newToken());
  return {
    hash: (password) => gate(() => hashPassword(password)),
    verify: (hashed, password) =>
      gate(async () => {
        const matches = await verify(hashed ?? nobodysHash, normal(password));
        return hashed !== null && matches;
      }),
  };
}

/** One password has one form, whichever keyboard composed its letters (NIST SP 800-63B, 5.1.1.2). */
function normal(password: string): string {
  return password.normalize('NFKC');
}
