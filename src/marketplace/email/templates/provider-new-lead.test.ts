import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsePayload } from '../../../ops/queues/job.ts';
import { contentOf } from '../payload.ts';
import { emailSend } from '../queue.ts';
import { renderEmail } from './layout.ts';

test('the email of a new lead tells what it cost and what is left, and nothing of whose it is', () => {
  const payload = parsePayload(emailSend, {
    to: 'provider@example.com',
    lead_id: '11111111-1111-4111-8111-111111111111',
    template: 'provider_new_lead',
    data: {
      company_name: 'Rack & Sons',
      niche: 'VPS hosting',
      level: 'Gold',
      price: '12.50',
      balance: '87.50',
      email: 'user@example.com',
    },
  });
  const { subject, text, html } = renderEmail(contentOf(payload));
  assert.equal(subject, 'A new lead for you: VPS hosting');
  assert.match(text, /^Hello Rack & Sons,/);
  assert.match(text, /subscription to Gold/);
  assert.match(text, /It cost 12\.50\. Your balance is now 87\.50\./);
  assert.match(html, /Rack &amp; Sons/);
  assert.doesNotMatch(text + html, /user@example\.com/);
});
