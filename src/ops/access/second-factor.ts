import type { Tx } from '../../platform/postgres/db.ts';
import { useRecoveryCode } from './recovery-codes.ts';
import { type User, useStep } from './store.ts';
import { stepOfCode } from './totp.ts';

export type CodeVerdict = 'totp' | 'recovery_code' | 'wrong_code' | 'used_code';

/** Judges a TOTP code and uses it up, in whatever session it comes. The user must be locked by the transaction. */
export async function judgeTotp(
  tx: Tx,
  user: User,
  secret: string,
  code: string,
  nowMs: number,
): Promise<CodeVerdict> {
  const step = /^\d{6}$/.test(code) ? stepOfCode(secret, code, nowMs) : null;
  if (step === null) return 'wrong_code';
  return (await useStep(tx, user.id, step)) ? 'totp' : 'used_code';
}

/** Judges a TOTP code or a recovery code of a user with MFA, and uses it up. */
export async function judgeSecondFactor(
  tx: Tx,
  user: User,
  secret: string,
  code: string,
  nowMs: number,
): Promise<CodeVerdict> {
  if (/^\d{6}$/.test(code)) return judgeTotp(tx, user, secret, code, nowMs);
  return (await useRecoveryCode(tx, user.id, code)) ? 'recovery_code' : 'wrong_code';
}
