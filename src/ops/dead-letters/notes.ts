/** What people write about an entry or a group. */
import { sql, type RawBuilder } from 'kysely';
import type { Note } from '../../../contract/dead-letters.ts';
import type { DeadLetterGroupId, DeadLetterId, UserId } from '../../../contract/ids.ts';
import { HttpError } from '../../platform/http/errors.ts';
import type { Actor } from '../../platform/http/types.ts';
import type { Db } from '../../platform/postgres/db.ts';
import { record } from '../audit/record.ts';
import type { DeadLetterDeps } from './types.ts';

/** What a note is about. */
export type Subject =
  | { type: 'dead_letter'; id: DeadLetterId }
  | { type: 'dead_letter_group'; id: DeadLetterGroupId };

const COLUMNS = sql`id, text, written_by, written_at, (SELECT email FROM users WHERE id = written_by) AS written_by_email`;
/** As many are shown, the latest. */
const SHOWN = 200;

interface NoteRow {
  id: string;
  text: string;
  written_by: UserId;
  written_by_email: string | null;
  written_at: Date;
}

/**
 * Writes a note. The audit log says that there is one, and not what it says: notes go with their entry.
 * @throws HttpError not_found
 */
export async function writeNote(
  { about, text, actor }: { about: Subject; text: string; actor: Actor },
  { db, clock }: Pick<DeadLetterDeps, 'db' | 'clock'>,
): Promise<Note> {
  const { table, column } = placeOf(about);
  const row = await db.transaction().execute(async (tx) => {
    // The lock keeps retention from taking it meanwhile, and its notes with it but for this one.
    const { rows } = await sql<NoteRow>`
      INSERT INTO dead_letter_notes (${column}, text, written_by, written_at)
      SELECT subject.id, ${text}, ${actor.userId}::uuid, ${new Date(clock.now())}
        FROM (SELECT id FROM ${table} WHERE id = ${about.id} FOR KEY SHARE) AS subject
      RETURNING ${COLUMNS}`.execute(tx);
    const [written] = rows;
    if (written === undefined) throw new HttpError('not_found');
    await record(tx, actor, {
      action: `${about.type}.note`,
      target: about,
      changes: { note_id: written.id },
    });
    return written;
  });
  return toNote(row);
}

/** The latest 200 notes, oldest first. */
export async function notesOf(db: Db, about: Subject): Promise<Note[]> {
  const { column } = placeOf(about);
  const { rows } = await sql<NoteRow>`
    SELECT ${COLUMNS} FROM dead_letter_notes
     WHERE ${column} = ${about.id} ORDER BY id DESC LIMIT ${SHOWN}`.execute(db);
  return rows.reverse().map(toNote);
}

function placeOf({ type }: Subject): { table: RawBuilder<unknown>; column: RawBuilder<unknown> } {
  return type === 'dead_letter'
    ? { table: sql`dead_letter_queue`, column: sql`dead_letter_id` }
    : { table: sql`dead_letter_groups`, column: sql`group_id` };
}

function toNote({ written_at, ...row }: NoteRow): Note {
  return { ...row, written_at: written_at.toISOString() };
}
