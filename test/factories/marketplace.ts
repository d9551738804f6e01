/** Rows of the marketplace, made through the real constraints; every default is valid and unique. */
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import type {
  AssignmentId,
  LeadId,
  LevelId,
  NicheId,
  ProviderId,
  SubscriptionId,
  UserId,
} from '../../contract/ids.ts';
import type { LeadStatus } from '../../contract/leads.ts';
import { formatMoney, negated, parseMoney, type Cents } from '../../contract/money.ts';
import { postEntry } from '../../src/marketplace/billing/ledger.ts';
import type { Db } from '../../src/platform/postgres/db.ts';

const SYSTEM = { id: null, role: 'system' } as const;
const short = (): string => randomUUID().slice(0, 8);

function only<T>(rows: readonly T[]): T {
  const [row] = rows;
  if (row === undefined) throw new Error('The statement returned no row');
  return row;
}

export interface TestNiche {
  id: NicheId;
  slug: string;
  name: string;
}

export async function createNiche(
  db: Db,
  options: { slug?: string; name?: string; active?: boolean } = {},
): Promise<TestNiche> {
  const { slug = `niche-${short()}`, active = true } = options;
  const { name = `Niche ${slug}` } = options;
  const { rows } = await sql<TestNiche>`
    INSERT INTO niches (slug, name, active) VALUES (${slug}, ${name}, ${active})
    RETURNING id, slug, name`.execute(db);
  return only(rows);
}

export interface TestLevel {
  id: LevelId;
  nicheId: NicheId;
  orderPosition: number;
  price: Cents;
  maxRecipients: number;
}

/** Default: the next position of its niche (a new one), 10.00 a lead, 3 recipients. */
export async function createLevel(
  db: Db,
  options: {
    nicheId?: NicheId;
    orderPosition?: number;
    /** `"12.50"`. */
    price?: string;
    maxRecipients?: number;
    active?: boolean;
    name?: string;
  } = {},
): Promise<TestLevel> {
  const { price = '10.00', maxRecipients = 3, active = true, name = `Level ${short()}` } = options;
  const nicheId = options.nicheId ?? (await createNiche(db)).id;
  const { rows } = await sql<{ id: LevelId; order_position: number }>`
    INSERT INTO competition_levels (niche_id, name, order_position, price_per_lead, max_recipients, is_active)
    SELECT ${nicheId}, ${name},
           coalesce(${options.orderPosition ?? null}::int, max(order_position) + 1, 1),
           ${price}::numeric, ${maxRecipients}::int, ${active}::boolean
      FROM competition_levels WHERE niche_id = ${nicheId}
    RETURNING id, order_position`.execute(db);
  const row = only(rows);
  return { id: row.id, nicheId, orderPosition: row.order_position, price: parseMoney(price), maxRecipients };
}

export interface TestProvider {
  id: ProviderId;
  /** Has the role `provider` and no usable password: `sessionFor` of test/helpers/access.ts signs it in. */
  userId: UserId;
  email: string;
  companyName: string;
}

/**
 * A provider and its user. The opening balance is a deposit in the ledger; default 100.00. The low-balance
 * alert is ready when the balance is above the threshold (default 50.00), and counts as sent otherwise.
 */
export async function createProvider(
  db: Db,
  options: {
    balance?: string;
    lowBalanceThreshold?: string;
    companyName?: string;
    email?: string;
    active?: boolean;
  } = {},
): Promise<TestProvider> {
  const { balance = '100.00', lowBalanceThreshold = '50.00', active = true } = options;
  const { companyName = `Company ${short()}`, email = `provider-${randomUUID()}@example.com` } = options;
  const opening = parseMoney(balance);
  return db.transaction().execute(async (tx) => {
    const user = only(
      (
        await sql<{ id: UserId }>`
          INSERT INTO users (email, role, password_hash) VALUES (${email}, 'provider', 'none')
          RETURNING id`.execute(tx)
      ).rows,
    );
    const alertedAt = opening > parseMoney(lowBalanceThreshold) ? null : new Date();
    const { id } = only(
      (
        await sql<{ id: ProviderId }>`
          INSERT INTO providers (user_id, company_name, email, low_balance_threshold, low_balance_alerted_at, is_active)
          VALUES (${user.id}, ${companyName}, ${email}, ${lowBalanceThreshold}, ${alertedAt}, ${active})
          RETURNING id`.execute(tx)
      ).rows,
    );
    if (opening > 0) {
      await postEntry(tx, {
        providerId: id,
        type: 'deposit',
        amount: opening,
        actor: SYSTEM,
        correlationId: null,
        at: new Date(),
      });
    }
    return { id, userId: user.id, email, companyName };
  });
}

export async function subscribe(
  db: Db,
  options: {
    providerId: ProviderId;
    levelId: LevelId;
    lastReceivedAt?: Date;
    /** Given: the subscription is inactive for this reason. */
    deactivationReason?: 'insufficient_funds' | 'admin' | 'provider';
  },
): Promise<SubscriptionId> {
  const reason = options.deactivationReason ?? null;
  const { rows } = await sql<{ id: SubscriptionId }>`
    INSERT INTO provider_subscriptions
      (provider_id, competition_level_id, last_received_at, is_active, deactivation_reason, deactivated_at)
    VALUES (${options.providerId}, ${options.levelId}, ${options.lastReceivedAt ?? null},
            ${reason === null}, ${reason}, ${reason === null ? null : new Date()})
    RETURNING id`.execute(db);
  return only(rows).id;
}

export interface TestLead {
  id: LeadId;
  nicheId: NicheId;
  email: string;
  phone: string;
}

/** A lead in any state, with the times that the state asks for. Default: approved, in a niche of its own. */
export async function createLead(
  db: Db,
  options: {
    nicheId?: NicheId;
    status?: LeadStatus;
    contactName?: string;
    email?: string;
    phone?: string;
    answers?: Record<string, string | number | boolean>;
    createdAt?: Date;
  } = {},
): Promise<TestLead> {
  const { status = 'approved', contactName = 'Ada Lovelace', phone = '+493012345678' } = options;
  const { email = `lead-${randomUUID()}@example.com`, createdAt = new Date() } = options;
  const nicheId = options.nicheId ?? (await createNiche(db)).id;
  const confirmedAt = status === 'pending_confirmation' ? null : createdAt;
  const decidedAt = status === 'approved' || status === 'rejected' ? createdAt : null;
  const { rows } = await sql<{ id: LeadId }>`
    INSERT INTO leads (niche_id, contact_name, email, phone, answers, status, created_at, confirmed_at, decided_at)
    VALUES (${nicheId}, ${contactName}, ${email}, ${phone}, ${JSON.stringify(options.answers ?? {})}, ${status},
            ${createdAt}, ${confirmedAt}, ${decidedAt})
    RETURNING id`.execute(db);
  return { id: only(rows).id, nicheId, email, phone };
}

export interface TestAssignment {
  id: AssignmentId;
  price: Cents;
}

/**
 * A lead assigned to a provider and charged through the ledger: the provider must be able to pay.
 * Default: the level's price, status `new`, now.
 */
export async function createAssignment(
  db: Db,
  options: {
    leadId: LeadId;
    providerId: ProviderId;
    levelId: LevelId;
    /** `"12.50"`; default the level's price. */
    price?: string;
    status?: 'new' | 'accepted' | 'rejected';
    assignedAt?: Date;
    viewedAt?: Date;
  },
): Promise<TestAssignment> {
  const { leadId, providerId, levelId, status = 'new', assignedAt = new Date(), viewedAt = null } = options;
  return db.transaction().execute(async (tx) => {
    const { rows } = await sql<{ id: AssignmentId; price: string }>`
      INSERT INTO lead_assignments
        (lead_id, provider_id, competition_level_id, price_charged, status, assigned_at, viewed_at, decided_at)
      SELECT ${leadId}, ${providerId}, id, coalesce(${options.price ?? null}::numeric, price_per_lead), ${status},
             ${assignedAt}, ${viewedAt}, ${status === 'new' ? null : assignedAt}
        FROM competition_levels WHERE id = ${levelId}
      RETURNING id, price_charged AS price`.execute(tx);
    const row = only(rows);
    const price = parseMoney(row.price);
    await postEntry(tx, {
      providerId,
      type: 'lead_purchase',
      amount: negated(price),
      actor: SYSTEM,
      leadId,
      assignmentId: row.id,
      correlationId: null,
      at: assignedAt,
    });
    return { id: row.id, price };
  });
}

/** A provider's balance and the sum of its ledger: the same, or something is wrong. */
export async function balancesOf(
  db: Db,
  providerId: ProviderId,
): Promise<{ balance: string; ledger: string }> {
  const { rows } = await sql<{ balance: string; ledger: string }>`
    SELECT balance, (SELECT coalesce(sum(amount), 0)::numeric(10,2) FROM provider_ledger WHERE provider_id = providers.id) AS ledger
      FROM providers WHERE id = ${providerId}`.execute(db);
  const row = only(rows);
  return { balance: formatMoney(parseMoney(row.balance)), ledger: formatMoney(parseMoney(row.ledger)) };
}
