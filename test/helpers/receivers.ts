/** Stands in for Slack and PagerDuty, for an Alertmanager that does not know the difference. */
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { z } from 'zod';
import {
  PAGERDUTY_MAX_BYTES,
  pagerDutyEvent,
  slackMessage,
  type PagerDutyEvent,
  type SlackMessage,
} from './vendors.ts';

export interface Receivers {
  /** The secret address of an incoming webhook. */
  slackUrl: string;
  pagerDutyUrl: string;
  /** What was accepted so far, oldest first. */
  slack: () => readonly SlackMessage[];
  pagerDuty: () => readonly PagerDutyEvent[];
  /** What was sent and refused, with the reason: must stay empty. */
  refused: () => readonly string[];
  close: () => Promise<void>;
}

const SLACK_PATH = '/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX';
const PAGERDUTY_PATH = '/v2/enqueue';

interface Answer {
  status: number;
  body: string;
}

/** @param routingKey the integration key that PagerDuty knows */
export async function startReceivers(routingKey: string): Promise<Receivers> {
  const slack: SlackMessage[] = [];
  const pagerDuty: PagerDutyEvent[] = [];
  const refused: string[] = [];

  const toSlack = (body: unknown): Answer => {
    slack.push(slackMessage.parse(body));
    return { status: 200, body: 'ok' };
  };
  const toPagerDuty = (body: unknown, bytes: number): Answer => {
    const event = pagerDutyEvent.parse(body);
    if (event.routing_key !== routingKey) throw new Error('the routing key is not known');
    if (bytes > PAGERDUTY_MAX_BYTES) throw new Error(`the event has ${bytes} bytes`);
    pagerDuty.push(event);
    const answer = { status: 'success', message: 'Event processed', dedup_key: event.dedup_key };
    return { status: 202, body: JSON.stringify(answer) };
  };
  const answerTo = async (request: IncomingMessage): Promise<Answer> => {
    const bytes = await buffer(request);
    const text = bytes.toString('utf8');
    try {
      if (request.method !== 'POST') throw new Error('not a POST');
      z.string().startsWith('application/json').parse(request.headers['content-type']);
      if (request.url === SLACK_PATH) return toSlack(JSON.parse(text));
      if (request.url === PAGERDUTY_PATH) return toPagerDuty(JSON.parse(text), bytes.length);
      throw new Error('nobody is there');
    } catch (error) {
      refused.push(`${request.method} ${request.url}: ${String(error)}: ${text}`);
      return { status: 400, body: 'invalid_payload' };
    }
  };

  const server = createServer((request, response) => {
    void answerTo(request).then(({ status, body }) => response.writeHead(status).end(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    slackUrl: `${url}${SLACK_PATH}`,
    pagerDutyUrl: `${url}${PAGERDUTY_PATH}`,
    slack: () => slack,
    pagerDuty: () => pagerDuty,
    refused: () => refused,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
