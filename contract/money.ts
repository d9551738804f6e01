/** Money: text with two decimals on the wire (`"12.50"`), integer cents in code. Never a float. */
import { z } from 'zod';

/** An amount of integer cents. */
export type Cents = number & { readonly __brand: 'Cents' };

/** What NUMERIC(10,2) holds. */
const MAX_CENTS = 9_999_999_999;

/** @throws RangeError when it is not a whole number of cents that the database can hold */
export function cents(value: number): Cents {
  if (!Number.isSafeInteger(value) || Math.abs(value) > MAX_CENTS) {
    throw new RangeError('An amount must be whole cents of at most 99,999,999.99');
  }
  return value as Cents;
}

/** The same amount with the other sign: what a charge adds to a balance. */
export function negated(amount: Cents): Cents {
  return cents(amount === 0 ? 0 : -1 * amount);
}

/**
 * Reads an amount as written on the wire or by PostgreSQL: `-12.50`, `12.5`, `12`.
 * @throws RangeError when it is none
 */
export function parseMoney(text: string): Cents {
  const match = /^(-?)(\d{1,8})(?:\.(\d{1,2}))?$/.exec(text);
  if (match === null) throw new RangeError('An amount must look like 12.50');
  const [, sign, whole, fraction = ''] = match;
  const value = Number(whole) * 100 + Number(fraction.padEnd(2, '0'));
  return cents(sign === '-' && value !== 0 ? -value : value);
}

/** Writes an amount with two decimals: `-12.50`. */
export function formatMoney(amount: Cents): string {
  const digits = String(Math.abs(amount)).padStart(3, '0');
  return `${amount < 0 ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`;
}

/** An amount in a response. */
export const money = z.string().regex(/^-?\d{1,8}\.\d{2}$/);

/** A positive amount in a request. */
export const positiveMoney = z
  .string('must be an amount such as "12.50"')
  .regex(/^\d{1,8}(\.\d{1,2})?$/, { error: 'must be an amount such as "12.50"', abort: true })
  .refine((text) => /[1-9]/.test(text), 'must be more than 0');
