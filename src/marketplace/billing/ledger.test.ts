import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { sql } from 'kysely';
import type { AssignmentId, ProviderId } from '../../../contract/ids.ts';
import { cents, negated, type Cents } from '../../../contract/money.ts';
import {
  balancesOf,
  createAssignment,
  createLead,
  createLevel,
  createProvider,
  type TestLevel,
} from '../../../test/factories/marketplace.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/helpers/postgres.ts';
import { sqlState, UNIQUE_VIOLATION, type Tx } from '../../platform/postgres/db.ts';
import {
  BalanceTooLargeError,
  InsufficientFundsError,
  postEntry,
  type EntryType,
  type LedgerEntry,
} from './ledger.ts';

const CHECK_VIOLATION = '23514';
const RESTRICT_VIOLATION = '23001';

let database: TestDatabase;
let level: TestLevel;
before(async () => {
  database = await createTestDatabase();
  level = await createLevel(database.db);
});
after(() => database.drop());

const entryOf = (
  providerId: ProviderId,
  type: EntryType,
  amount: Cents,
  more: Partial<LedgerEntry> = {},
): LedgerEntry => ({
  ...{ providerId, type, amount },
  ...{ actor: { id: null, role: 'system' }, correlationId: null, at: new Date() },
  ...more,
});

const post = (entry: LedgerEntry): Promise<unknown> =>
  database.db.transaction().execute((tx) => postEntry(tx, entry));

class GivenUp extends Error {}

interface Step {
  kind: 'deposit' | 'manual_credit' | 'manual_debit' | 'lead_purchase' | 'refund';
  amount: number;
  /** The transaction rolls back after the entry was written. */
  givesUp: boolean;
}

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom('deposit', 'manual_credit', 'manual_debit', 'lead_purchase', 'refund'),
  amount: fc.integer({ min: 1, max: 5_000 }),
  givesUp: fc.integer({ min: 0, max: 4 }).map((value) => value === 0),
});
/** What one round holds happens at the same time; rounds follow each other. */
const rounds = fc.array(fc.array(step, { minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 6 });

/** A provider whose entries are posted step by step, and what its balance must then be. */
class Account {
  balance = 0;
  readonly providerId: ProviderId;
  readonly #refundable: { id: AssignmentId; price: Cents }[] = [];
  constructor(providerId: ProviderId) {
    this.providerId = providerId;
  }

  /** Whether the step moved money. Anything but a lack of funds fails the test. */
  async take({ kind, amount, givesUp }: Step): Promise<boolean> {
    const bought = kind === 'refund' ? this.#refundable.pop() : undefined;
    if (kind === 'refund' && bought === undefined) return false;
    const size = bought?.price ?? cents(amount);
    const signed = kind === 'manual_debit' || kind === 'lead_purchase' ? negated(size) : size;
    const lead = kind === 'lead_purchase' ? await createLead(database.db, { nicheId: level.nicheId }) : null;
    try {
      const assignmentId = await database.db.transaction().execute(async (tx) => {
        const id = lead === null ? bought?.id : await this.#assign(tx, lead.id, size);
        const related = id === undefined ? {} : { assignmentId: id };
        await postEntry(tx, entryOf(this.providerId, kind, signed, related));
        if (givesUp) throw new GivenUp();
        return id;
      });
      this.balance += signed;
      if (kind === 'lead_purchase' && assignmentId !== undefined) {
        this.#refundable.push({ id: assignmentId, price: size });
      }
      return true;
    } catch (error) {
      if (!(error instanceof GivenUp || error instanceof InsufficientFundsError)) throw error;
      if (bought !== undefined) this.#refundable.push(bought);
      return false;
    }
  }

  async #assign(tx: Tx, leadId: string, price: Cents): Promise<AssignmentId> {
    const { rows } = await sql<{ id: AssignmentId }>`
      INSERT INTO lead_assignments (lead_id, provider_id, competition_level_id, price_charged)
      VALUES (${leadId}, ${this.providerId}, ${level.id}, ${price}::numeric / 100) RETURNING id`.execute(tx);
    return rows[0]!.id;
  }

  async check(): Promise<void> {
    const { balance, ledger } = await balancesOf(database.db, this.providerId);
    assert.equal(balance, ledger, 'the balance is the sum of the ledger');
    assert.ok(!balance.startsWith('-'));
  }
}

describe('the ledger', () => {
  test('its sum is the balance and never negative, at every moment of any sequence of entries', async () => {
    await fc.assert(
      fc.asyncProperty(rounds, async (sequence) => {
        const { id } = await createProvider(database.db, { balance: '0.00' });
        const account = new Account(id);
        for (const round of sequence) {
          const before = account.balance;
          // The checks run while entries are written.
          const moved = await Promise.all(round.map((one) => account.take(one)));
          await Promise.all([account.check(), ...round.map(() => account.check())]);
          const [only] = round;
          if (round.length === 1 && only !== undefined && only.kind !== 'refund') {
            const takes = only.kind === 'manual_debit' || only.kind === 'lead_purchase';
            assert.equal(moved[0], !only.givesUp && (!takes || only.amount <= before));
          }
        }
        assert.equal((await balancesOf(database.db, id)).balance, (account.balance / 100).toFixed(2));
        const { rows } = await sql<{ wrong: string }>`
          SELECT count(*) FILTER (WHERE balance_after <> running) AS wrong FROM (
            SELECT balance_after, sum(amount) OVER (ORDER BY id) AS running
              FROM provider_ledger WHERE provider_id = ${id}) AS entry`.execute(database.db);
        assert.equal(rows[0]?.wrong, '0', 'balance_after is the running sum');
      }),
      { numRuns: 30 },
    );
  });

  test('of 50 debits at once against funds for one, exactly one is booked', async () => {
    const { id } = await createProvider(database.db, { balance: '10.00' });
    const debits = Array.from({ length: 50 }, () => post(entryOf(id, 'manual_debit', cents(-1_000))));
    const results = await Promise.allSettled(debits);
    const refused = results.filter((result) => result.status === 'rejected');
    assert.equal(refused.length, 49);
    for (const { reason } of refused as { reason: unknown }[]) {
      assert.ok(reason instanceof InsufficientFundsError);
      assert.equal(reason.balance, 0);
    }
    assert.deepEqual(await balancesOf(database.db, id), { balance: '0.00', ledger: '0.00' });
  });

  test('transactions that refer to the provider before they charge it do not deadlock', async () => {
    const { id } = await createProvider(database.db, { balance: '100.00' });
    const leads = await Promise.all(
      Array.from({ length: 20 }, () => createLead(database.db, { nicheId: level.nicheId })),
    );
    await Promise.all(
      leads.map((lead) =>
        createAssignment(database.db, { leadId: lead.id, providerId: id, levelId: level.id, price: '1.00' }),
      ),
    );
    assert.deepEqual(await balancesOf(database.db, id), { balance: '80.00', ledger: '80.00' });
  });

  test('a refused entry leaves the transaction usable, and nothing behind', async () => {
    const { id } = await createProvider(database.db, { balance: '5.00' });
    await database.db.transaction().execute(async (tx) => {
      await assert.rejects(postEntry(tx, entryOf(id, 'manual_debit', cents(-501))), InsufficientFundsError);
      await postEntry(tx, entryOf(id, 'manual_debit', cents(-500)));
    });
    assert.deepEqual(await balancesOf(database.db, id), { balance: '0.00', ledger: '0.00' });
  });

  test('a balance beyond what the database can hold is refused before it is written', async () => {
    const { id } = await createProvider(database.db, { balance: '99999999.99' });
    await assert.rejects(post(entryOf(id, 'deposit', cents(1))), BalanceTooLargeError);
    assert.deepEqual(await balancesOf(database.db, id), { balance: '99999999.99', ledger: '99999999.99' });
  });
});

describe('the database itself', () => {
  const refuses = async (state: string, statement: ReturnType<typeof sql>): Promise<void> => {
    await assert.rejects(statement.execute(database.db), (error) => sqlState(error) === state);
  };

  test('refuses a negative balance', async () => {
    const { id } = await createProvider(database.db);
    await refuses(CHECK_VIOLATION, sql`UPDATE providers SET balance = -0.01 WHERE id = ${id}`);
  });

  test('refuses to change, delete or truncate the ledger', async () => {
    const { id } = await createProvider(database.db);
    await refuses(
      RESTRICT_VIOLATION,
      sql`UPDATE provider_ledger SET memo = 'changed' WHERE provider_id = ${id}`,
    );
    await refuses(RESTRICT_VIOLATION, sql`DELETE FROM provider_ledger WHERE provider_id = ${id}`);
    await refuses(RESTRICT_VIOLATION, sql`TRUNCATE provider_ledger`);
    await refuses(RESTRICT_VIOLATION, sql`TRUNCATE providers CASCADE`);
    assert.deepEqual(await balancesOf(database.db, id), { balance: '100.00', ledger: '100.00' });
  });

  test('refuses a second charge and a second refund of an assignment', async () => {
    const { id } = await createProvider(database.db);
    const lead = await createLead(database.db, { nicheId: level.nicheId });
    const assignment = await createAssignment(database.db, {
      ...{ leadId: lead.id, providerId: id, levelId: level.id },
    });
    const again = (type: 'lead_purchase' | 'refund', amount: number): Promise<unknown> =>
      post(entryOf(id, type, cents(amount), { assignmentId: assignment.id }));
    const isTaken = (error: unknown): boolean => sqlState(error) === UNIQUE_VIOLATION;
    await assert.rejects(again('lead_purchase', -1_000), isTaken);
    await again('refund', 1_000);
    await assert.rejects(again('refund', 1_000), isTaken);
    assert.deepEqual(await balancesOf(database.db, id), { balance: '100.00', ledger: '100.00' });
  });

  test('refuses an entry whose sign does not fit its type, and one of nothing', async () => {
    const { id } = await createProvider(database.db);
    const wrong: [EntryType, number][] = [
      ['deposit', -1],
      ['manual_credit', -1],
      ['manual_debit', 1],
      ['deposit', 0],
      ['manual_debit', 0],
    ];
    for (const [type, amount] of wrong) {
      await assert.rejects(post(entryOf(id, type, cents(amount))), (e) => sqlState(e) === CHECK_VIOLATION);
    }
    assert.deepEqual(await balancesOf(database.db, id), { balance: '100.00', ledger: '100.00' });
  });
});
