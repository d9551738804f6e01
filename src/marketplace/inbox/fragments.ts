/** What a search looks for: a part of an email, and a part of a phone number where it can be one. */
export interface Fragments {
  email: string;
  /** Digits, with a leading + where it was given. */
  phone: string | null;
}

/** Digits between the separators that people write and copy, with at most one + before the first. */
const PHONE = /^[\s()\-./\u2010-\u2015]*\+?[\d\s()\-./\u2010-\u2015]+$/;
/** As many as a search must have characters; fewer digits are in every other number. */
const MIN_DIGITS = 3;

/**
 * @param search the text as typed, of at least 3 characters
 * @returns the text itself, and without its separators where it reads as a part of a phone number
 */
export function fragmentsOf(search: string): Fragments {
  const digits = search.replaceAll(/\D/g, '');
  if (!PHONE.test(search) || digits.length < MIN_DIGITS) return { email: search, phone: null };
  return { email: search, phone: (search.includes('+') ? '+' : '') + digits };
}
