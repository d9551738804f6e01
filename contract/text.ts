/** What a text of a request may hold. No text may hold NUL or half of a surrogate pair: the database takes neither. */

/** Several lines. */
export const TEXT = /^[^\0\p{Cs}]*$/u;
/** One line: no control characters at all. */
export const LINE = /^[^\p{Cc}\p{Cs}]*$/u;
export const NO_CONTROLS = 'must not have control characters';
