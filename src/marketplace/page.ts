import { sql, type RawBuilder } from 'kysely';
import type { Db } from '../platform/postgres/db.ts';

export interface PageRequest {
  /** From 1. */
  page: number;
  limit: number;
}

export interface Page<T> {
  rows: T[];
  /** How many rows there are on all pages together. */
  total: number;
}

/** A `SELECT` in its parts. The columns must have an `id`, which is never null. */
export interface ListQuery {
  columns: RawBuilder<unknown>;
  /** `providers`, or a join. */
  from: RawBuilder<unknown>;
  where: RawBuilder<unknown>;
  /** Total: no two rows are equal in it, or a row could be on two pages. */
  orderBy: RawBuilder<unknown>;
}

/** One page of a list. One statement, so that the page and the total belong to the same moment. */
export async function readPage<T extends { id: string }>(
  db: Db,
  { columns, from, where, orderBy }: ListQuery,
  { page, limit }: PageRequest,
): Promise<Page<T>> {
  const { rows } = await sql<{ total: string } & (T | { id: null })>`
    SELECT counted.total, item.*
      FROM (SELECT count(*) AS total FROM ${from} WHERE ${where}) AS counted
      LEFT JOIN (
        SELECT ${columns}, row_number() OVER (ORDER BY ${orderBy}) AS place
          FROM ${from} WHERE ${where}
         ORDER BY ${orderBy}
         LIMIT ${limit} OFFSET ${(page - 1) * limit}
      ) AS item ON TRUE
     ORDER BY item.place`.execute(db);
  return {
    rows: rows.filter((row): row is { total: string } & T => row.id !== null),
    total: Number(rows[0]?.total ?? 0),
  };
}
