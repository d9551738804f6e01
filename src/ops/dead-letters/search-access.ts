import type { FastifyRequest } from 'fastify';
import { HttpError } from '../../platform/http/errors.ts';
import { may } from '../../platform/http/types.ts';

/**
 * A search by what payloads hold tells by its answer alone what is masked: it is for those who may see it.
 * @throws HttpError `insufficient_permissions`
 */
export function refuseToSearchPayloads(
  request: FastifyRequest,
  filter: { payload?: unknown; payload_path?: unknown; payload_value?: unknown },
): void {
  const { payload, payload_path: path, payload_value: value } = filter;
  const searches = [payload, path, value].some((given) => given !== undefined);
  if (searches && !may(request, 'dead_letters.reveal')) throw new HttpError('insufficient_permissions');
}
