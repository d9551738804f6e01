import { DEAD_LETTER_PROOFS } from './dead-letters.ts';
import { EPIC_12_PROOFS } from './epic-12.ts';
import { HOUSEKEEPING_PROOFS } from './housekeeping.ts';
import type { Proof } from './proof.ts';
import { QUEUE_PROOFS } from './queues.ts';
import { SLO_PROOFS } from './slo.ts';
import { SYSTEM_PROOFS } from './system.ts';

/** By the file whose rules they prove. The watchdog has none: it has no threshold. */
export const PROOFS: Readonly<Record<string, readonly Proof[]>> = {
  'epic-12': EPIC_12_PROOFS,
  queues: QUEUE_PROOFS,
  'dead-letters': DEAD_LETTER_PROOFS,
  system: SYSTEM_PROOFS,
  housekeeping: HOUSEKEEPING_PROOFS,
  slo: SLO_PROOFS,
};
