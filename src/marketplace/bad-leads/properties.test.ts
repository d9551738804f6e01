import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { formatMoney, cents } from '../../../contract/money.ts';
import { createTestBadLeads, type TestBadLeads } from '../../../test/helpers/bad-leads.ts';

let bad: TestBadLeads;
before(async () => {
  bad = await createTestBadLeads();
});
after(() => bad.close());

const OPENING = 20_000;

type Fate = 'pending' | 'approved' | 'rejected' | undefined;
interface Step {
  act: 'report' | 'approve' | 'reject';
  /** Which of the provider's assignments. */
  of: number;
}

/** As many as may be reported in a day. */
const prices = fc.array(fc.integer({ min: 1, max: 4_000 }), { minLength: 1, maxLength: 5 });
const step: fc.Arbitrary<Step> = fc.record({
  act: fc.constantFrom('report', 'approve', 'reject'),
  of: fc.nat({ max: 4 }),
});

/** What a step must answer, and what becomes of the report, when the steps come one after the other. */
function expected(act: Step['act'], fate: Fate): { status: number; fate: Fate } {
  if (act === 'report') {
    if (fate === undefined) return { status: 201, fate: 'pending' };
    return { status: fate === 'pending' ? 200 : 409, fate };
  }
  if (fate === undefined) return { status: 404, fate };
  const decided = act === 'approve' ? 'approved' : 'rejected';
  if (fate === 'pending') return { status: 200, fate: decided };
  return { status: fate === decided ? 200 : 409, fate };
}

test('whatever is reported, approved and rejected in whatever order: the ledger adds up to the balance, and what is paid back is what was charged for the approved', async () => {
  await fc.assert(
    fc.asyncProperty(
      prices,
      fc.array(step, { maxLength: 25 }),
      fc.boolean(),
      async (charged, steps, atOnce) => {
        // The daily limit is not in question here.
        bad.api.clock.advance(86_400_000);
        const buyer = await bad.buyer({ prices: charged.map((price) => formatMoney(cents(price))) });
        const fates: Fate[] = charged.map(() => undefined);
        const take = async ({ act, of }: Step): Promise<void> => {
          const index = of % charged.length;
          const assignment = buyer.assignments[index]!;
          const { status } = await (act === 'report'
            ? buyer.report(assignment)
            : bad.decide(assignment, act));
          const outcome = expected(act, fates[index]);
          if (atOnce) return;
          assert.equal(status, outcome.status);
          fates[index] = outcome.fate;
        };
        if (atOnce) await Promise.all(steps.map(take));
        else for (const one of steps) await take(one);

        const { rows } = await bad.database.pool.query<{ id: string; status: string | null }>(
          `SELECT assignment.id, report.status
           FROM lead_assignments AS assignment
           LEFT JOIN bad_lead_reports AS report ON report.assignment_id = assignment.id
          WHERE assignment.provider_id = $1`,
          [buyer.provider.id],
        );
        const stands = new Map(rows.map(({ id, status }) => [id, status]));
        if (!atOnce) {
          assert.deepEqual(
            buyer.assignments.map((id) => stands.get(id) ?? undefined),
            fates,
          );
        }
        const kept = buyer.assignments.map((id, index) =>
          stands.get(id) === 'approved' ? 0 : (charged[index] ?? 0),
        );
        const balance = formatMoney(cents(OPENING - kept.reduce((sum, price) => sum + price, 0)));
        assert.deepEqual(await bad.balances(buyer), { balance, ledger: balance });
        const refunded = (await bad.refunds(buyer)).map((row) => row.assignment_id);
        assert.deepEqual(
          refunded.sort(),
          buyer.assignments.filter((id) => stands.get(id) === 'approved').sort(),
        );
      },
    ),
    { numRuns: 40 },
  );
});
