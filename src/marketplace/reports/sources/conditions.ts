import { sql, type RawBuilder } from 'kysely';

/** A column equals a value; anything does where no value is asked for. */
export function equals(column: string, value: string | null | undefined): RawBuilder<boolean> {
  return value === null || value === undefined ? sql`TRUE` : sql`${sql.ref(column)} = ${value}`;
}

/** A time lies in a period: from its begin (included) to its end (not included). */
export function within(
  column: string,
  { from, to }: { from?: Date | undefined; to?: Date | undefined },
): RawBuilder<boolean> {
  const begin = from === undefined ? sql`TRUE` : sql`${sql.ref(column)} >= ${from}`;
  const end = to === undefined ? sql`TRUE` : sql`${sql.ref(column)} < ${to}`;
  return sql`${begin} AND ${end}`;
}
