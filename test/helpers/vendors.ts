/** What Slack and PagerDuty accept, as their documentation has it; neither takes a key that it does not know here. */
import { z } from 'zod';

/**
 * Text of a Slack message: `&`, `<` and `>` are control characters, so a `<` begins a link or a mention, and an `&`
 * an entity. https://docs.slack.dev/messaging/formatting-message-text
 */
const slackText = z
  .string()
  .min(1)
  .refine((text) => !/[<>]/.test(text.replace(/<(?:https?:\/\/[^\s<>|]+(?:\|[^<>]+)?|[@#!][^<>]+)>/g, '')), {
    error: 'has a < or > that is no link',
  })
  .refine((text) => !/&(?!amp;|lt;|gt;)/.test(text.replace(/<[^>]+>/g, '')), { error: 'has a bare &' });

const slackAttachment = z.strictObject({
  // "A plain-text summary of the attachment": no markup.
  fallback: z
    .string()
    .min(1)
    .regex(/^[^<>]+$/),
  color: z.enum(['good', 'warning', 'danger']).or(z.string().regex(/^#[0-9a-f]{6}$/i)),
  pretext: slackText.optional(),
  title: z.string().min(1),
  title_link: z.url({ protocol: /^https?$/ }),
  text: slackText,
  fields: z
    .array(z.strictObject({ title: z.string(), value: z.string(), short: z.boolean().optional() }))
    .optional(),
  image_url: z.url().optional(),
  thumb_url: z.url().optional(),
  footer: z.string().max(300),
  callback_id: z.string(),
  mrkdwn_in: z.array(z.enum(['pretext', 'text', 'fields'])).optional(),
});

/**
 * The body of a request to an incoming webhook, with attachments.
 * https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks and
 * https://docs.slack.dev/legacy/legacy-messaging/legacy-secondary-message-attachments
 */
export const slackMessage = z.strictObject({
  channel: z.string().regex(/^[#@][^\s]{1,79}$/),
  username: z.string().min(1).max(80),
  icon_emoji: z.string().optional(),
  icon_url: z.url().optional(),
  link_names: z.boolean().optional(),
  // "Too many attachments" comes above 100.
  attachments: z.array(slackAttachment).min(1).max(100),
});
export type SlackMessage = z.infer<typeof slackMessage>;

const pagerDutyKeys = {
  /** The integration key. "Length of 'routing_key' is incorrect (should be 32 characters)" otherwise. */
  routing_key: z.string().length(32),
  dedup_key: z.string().min(1).max(255),
  client: z.string().optional(),
  client_url: z.url().optional(),
  links: z
    .array(z.strictObject({ href: z.url({ protocol: /^https?$/ }), text: z.string().min(1) }))
    .optional(),
  images: z
    .array(z.strictObject({ src: z.url(), href: z.url().optional(), alt: z.string().optional() }))
    .optional(),
};

const pagerDutyPayload = z.strictObject({
  summary: z.string().min(1).max(1024),
  source: z.string().min(1),
  severity: z.enum(['critical', 'error', 'warning', 'info']),
  timestamp: z.iso.datetime({ offset: true }).optional(),
  component: z.string().optional(),
  group: z.string().optional(),
  class: z.string().optional(),
  custom_details: z.record(z.string(), z.unknown()).optional(),
});

/**
 * An event of the Events API v2: what resolves one needs its `dedup_key` alone, and its payload is ignored.
 * https://developer.pagerduty.com/docs/events-api-v2/trigger-events/ and …/acknowledge-and-resolve/
 */
export const pagerDutyEvent = z.discriminatedUnion('event_action', [
  z.strictObject({ ...pagerDutyKeys, event_action: z.literal('trigger'), payload: pagerDutyPayload }),
  z.strictObject({
    ...pagerDutyKeys,
    event_action: z.literal('resolve'),
    payload: pagerDutyPayload.optional(),
  }),
]);
export type PagerDutyEvent = z.infer<typeof pagerDutyEvent>;

/** "The maximum size of an event is 512 KB." */
export const PAGERDUTY_MAX_BYTES = 512 * 1024;
