import { deadLetterDetail, deadLetterParams, type DeadLetterDetail } from '../../../contract/dead-letters.ts';
import { HttpError } from '../../platform/http/errors.ts';
import type { HttpServer } from '../../platform/http/types.ts';
import { find, type DetailRow } from './store.ts';
import type { DeadLetterDeps } from './types.ts';
import { PATH, tags, toSummary } from './view.ts';

export function detailRoutes(app: HttpServer, deps: DeadLetterDeps): void {
  app.get(
    `${PATH}/:id`,
    {
      config: { access: 'admin' },
      schema: {
        tags,
        summary: 'One dead letter with its payload and stack trace',
        params: deadLetterParams,
        response: { 200: deadLetterDetail },
      },
    },
    async ({ params }) => {
      const row = await find(deps.db, params.id);
      if (row === null) throw new HttpError('not_found');
      return toDetail(row);
    },
  );
}

function toDetail(row: DetailRow): DeadLetterDetail {
  const { payload, payload_text, captured_at, resolved_at, ...rest } = row;
  return {
    ...rest,
    ...toSummary(row),
    payload: shownPayload(payload, payload_text),
    captured_at: captured_at.toISOString(),
    resolved_at: resolved_at?.toISOString() ?? null,
  };
}

/** The exact payload where JSONB has only its likeness; as text where it is too deep for a JSON answer. */
function shownPayload(payload: unknown, exact: string | null): unknown {
  if (exact === null) return payload;
  return payload === null ? exact : (JSON.parse(exact) as unknown);
}
