import { randomUUID } from 'node:crypto';
import { exportId, type ExportId, type ProviderId, type UserId } from '../../../contract/ids.ts';
import { MAX_EXPORT_ROWS, TOO_MANY_ROWS, type ExportRequest } from '../../../contract/reports.ts';
import { record } from '../../ops/audit/record.ts';
import { enqueueIn } from '../../ops/outbox/enqueue-in.ts';
import { badField, HttpError } from '../../platform/http/errors.ts';
import type { Actor } from '../../platform/http/types.ts';
import type { Clock } from '../../platform/lifecycle/clock.ts';
import type { Logger } from '../../platform/logging/logger.ts';
import type { Db, Tx } from '../../platform/postgres/db.ts';
import { providerOf } from '../providers/current.ts';
import type { ReportQueue } from './queue.ts';
import { select } from './sources/select.ts';
import { insertExport, lockRequestsOf, matchesAtLeast, providerExists, countRequests } from './store.ts';

/** Exports that a provider may ask for in one day, in UTC (marketplace.md, "Reports"). */
const MOST_A_DAY = 5;
const DAY_MS = 24 * 3_600_000;

export interface RequestExportDeps {
  db: Db;
  clock: Clock;
  /** `report_export`, with the configuration's overrides applied. */
  reportQueue: ReportQueue;
}

export interface RequestContext {
  actor: Actor;
  logger: Logger;
}

/**
 * Takes a request for an export; the export and the job that makes it are one transaction. A provider
 * gets its own rows, an admin those of all providers or of the one in `provider_id`.
 * @returns the export's id, which is also its job's
 * @throws HttpError `bad_request` when too many rows match or the provider is unknown,
 *   `too_many_requests` at a provider's sixth request of a day, `insufficient_permissions` when the
 *   report is not for providers
 */
export async function requestExport(
  deps: RequestExportDeps,
  request: ExportRequest,
  { actor, logger }: RequestContext,
): Promise<ExportId> {
  const { correlationId } = actor;
  const now = deps.clock.now();
  const id = exportId.parse(randomUUID());
  await deps.db.transaction().execute(async (tx) => {
    const provider =
      actor.role === 'admin' ? await askedFor(tx, request) : await own(tx, actor, request, now);
    if (await matchesAtLeast(tx, select(request, provider), MAX_EXPORT_ROWS + 1)) {
      throw badField('filters', TOO_MANY_ROWS);
    }
    await insertExport(tx, {
      id,
      requestedBy: actor.userId,
      provider,
      request,
      correlationId,
      at: new Date(now),
    });
    await enqueueIn(tx, deps.reportQueue, { export_id: id }, { correlationId, jobId: id });
    if (actor.role === 'admin') await recordRequest(tx, actor, id, request);
  });
  logger.info('report_export_requested', { export_id: id, report: request.report });
  return id;
}

/** An admin's export takes personal data of everybody out of the product. */
function recordRequest(tx: Tx, actor: Actor, id: ExportId, request: ExportRequest): Promise<void> {
  return record(tx, actor, {
    action: 'report.export',
    target: { type: 'report_export', id },
    changes: { report: request.report, filters: request.filters },
  });
}

/** The provider that an admin names; null for all. */
async function askedFor(tx: Tx, request: ExportRequest): Promise<ProviderId | null> {
  const provider = named(request);
  if (provider === null) return null;
  if (!(await providerExists(tx, provider)))
    throw badField('filters.provider_id', 'is not a provider of ours');
  return provider;
}

/** The provider who asks, after its limit was checked. */
async function own(tx: Tx, actor: Actor, request: ExportRequest, now: number): Promise<ProviderId> {
  const provider = await providerOf(tx, actor.userId);
  if (request.report === 'leads') throw new HttpError('insufficient_permissions');
  // Its own id too: to a provider, there is no such filter.
  if (named(request) !== null) throw badField('filters.provider_id', 'is not known');
  await lockRequestsOf(tx, actor.userId);
  await refuseOverLimit(tx, actor.userId, now);
  return provider;
}

/** @throws HttpError `too_many_requests`, until the next day in UTC */
async function refuseOverLimit(tx: Tx, user: UserId, now: number): Promise<void> {
  const dayStart = Math.floor(now / DAY_MS) * DAY_MS;
  if ((await countRequests(tx, user, new Date(dayStart))) < MOST_A_DAY) return;
  throw new HttpError('too_many_requests', {
    retryAfterSeconds: Math.ceil((dayStart + DAY_MS - now) / 1000),
  });
}

function named(request: ExportRequest): ProviderId | null {
  return request.report === 'leads' ? null : (request.filters.provider_id ?? null);
}
