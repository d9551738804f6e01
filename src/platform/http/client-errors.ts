/** What arrives on the socket is not HTTP, too large, or too slow: answered by hand, then closed. */
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { ERRORS, type ErrorCode } from '../../../contract/errors.ts';
import type { Logger } from '../logging/logger.ts';
import { CORRELATION_HEADER, newCorrelationId } from './correlation.ts';
import { bodyFor } from './errors.ts';

const CODES: Readonly<Record<string, ErrorCode>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 'request_timeout',
  HPE_HEADER_OVERFLOW: 'headers_too_large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 'payload_too_large',
};

/** Node keeps the answer that is under way on its socket; its own handler looks there as well. */
type HttpSocket = Socket & { _httpMessage?: Pick<ServerResponse, 'headersSent'> | null };

export function answerClientErrors(
  logger: Logger,
): (error: Error & { code?: string }, socket: HttpSocket) => void {
  return (error, socket) => {
    // Into the middle of another answer nothing can be written that the client would understand.
    const midAnswer = socket._httpMessage?.headersSent === true;
    if (!socket.writable || midAnswer || error.code === 'ECONNRESET') {
      socket.destroy();
      return;
    }
    const code = CODES[error.code ?? ''] ?? 'bad_request';
    const { status, message } = ERRORS[code];
    const id = newCorrelationId();
    logger.withCorrelation(id).debug('request_rejected', { status, reason: error.code });
    const body = JSON.stringify(bodyFor(code));
    socket.end(
      [
        `HTTP/1.1 ${status} ${message}`,
        `${CORRELATION_HEADER}: ${id}`,
        'content-type: application/json; charset=utf-8',
        'x-content-type-options: nosniff',
        `content-length: ${Buffer.byteLength(body)}`,
        'connection: close',
        '',
        body,
      ].join('\r\n'),
    );
  };
}
