import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { makeUser, sessionFor } from '../access.ts';
import { aLead, aReport } from './marketplace.ts';
import { moved, PLANTED, PLANTED_EMAIL, type Requests } from './request.ts';

export const LEAD_REQUESTS: Requests = {
  'POST /api/v1/admin/leads/:id/approve': async (db) => {
    const { id } = await aLead(db, 'pending_approval');
    return {
      params: [id],
      entry: ({ job_id }) => ({
        action: 'lead.approve',
        target: { type: 'lead', id },
        changes: { status: moved('pending_approval', 'approved'), job_id },
      }),
      again: 409,
    };
  },
  'POST /api/v1/admin/leads/:id/reject': async (db) => {
    const { id } = await aLead(db, 'pending_approval');
    return {
      params: [id],
      body: { reason: `no such company: ${PLANTED_EMAIL}` },
      entry: () => ({
        action: 'lead.reject',
        target: { type: 'lead', id },
        reason: 'no such company: [redacted]',
        changes: { status: moved('pending_approval', 'rejected') },
      }),
      again: 409,
    };
  },
  'POST /api/v1/admin/leads/:id/distribute': async (db) => {
    const { id } = await aLead(db, 'approved');
    return {
      params: [id],
      entry: ({ job_id }) => ({
        action: 'lead.distribute',
        target: { type: 'lead', id },
        changes: { job_id },
      }),
    };
  },
  'POST /api/v1/admin/bad-leads/:assignmentId/approve': async (db) => {
    const { id, lead, provider } = await aReport(db);
    return {
      params: [id],
      body: { memo: 'spam indeed' },
      entry: () => ({
        action: 'bad_lead.approve',
        target: { type: 'assignment', id },
        reason: 'spam indeed',
        changes: {
          ...{ status: moved('pending', 'approved'), refund: '10.00' },
          ...{ provider_id: provider.id, lead_id: lead.id },
        },
      }),
      again: 200,
    };
  },
  'POST /api/v1/admin/bad-leads/:assignmentId/reject': async (db) => {
    const { id } = await aReport(db);
    return {
      params: [id],
      body: { memo: 'a real lead' },
      entry: () => ({
        action: 'bad_lead.reject',
        target: { type: 'assignment', id },
        reason: 'a real lead',
        changes: { status: moved('pending', 'rejected') },
      }),
      again: 200,
    };
  },
  'POST /api/v1/reports/exports': () => ({
    body: { report: 'leads', filters: { status: 'approved', from: '2026-01-02', to: '2026-01-02' } },
    entry: ({ job_id }) => ({
      action: 'report.export',
      target: { type: 'report_export', id: String(job_id) },
      changes: {
        report: 'leads',
        filters: { status: 'approved', from: '2026-01-02T00:00:00.000Z', to: '2026-01-03T00:00:00.000Z' },
      },
    }),
  }),
  'GET /api/v1/reports/exports/:jobId/download': async (db) => {
    const admin = await makeUser(db, 'admin');
    const id = randomUUID();
    await sql`
      INSERT INTO report_exports (id, requested_by, report, status, row_count, content, completed_at, expires_at)
      VALUES (${id}, ${admin.id}, 'leads', 'completed', 1, ${Buffer.from(PLANTED)}, now(), now() + interval '1 day')`.execute(
      db,
    );
    return {
      caller: { id: admin.id, token: await sessionFor(db, admin) },
      params: [id],
      entry: () => ({
        action: 'report.download',
        target: { type: 'report_export', id },
        changes: { report: 'leads', rows: 1 },
      }),
    };
  },
};
