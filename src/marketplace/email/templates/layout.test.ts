import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { renderEmail, type EmailContent } from './layout.ts';
import { leadConfirmation } from './lead-confirmation.ts';
import { welcome } from './welcome.ts';

const content = (change: Partial<EmailContent>): EmailContent => ({
  subject: 'Subject',
  greeting: 'Hello,',
  paragraphs: ['First.'],
  action: null,
  ...change,
});

describe('email layout', () => {
  test('a subject is one line of at most 200 characters, whatever its values hold', () => {
    const { subject } = renderEmail(
      content({ subject: `Hi\r\nBcc: everybody@example.com\u2028\0\ud83d ${'x'.repeat(500)}` }),
    );
    assert.match(subject, /^Hi Bcc: everybody@example\.com x+$/);
    assert.equal(subject.length, 200);
  });

  test('every value is escaped in the HTML version and stands as it is in the text version', () => {
    const hostile = `<script>alert("1")</script> & 'co'`;
    const { text, html } = renderEmail(
      content({
        subject: hostile,
        greeting: hostile,
        paragraphs: [hostile],
        action: { label: hostile, url: 'https://example.com/"><b>?a=1&b=2' },
      }),
    );
    assert.doesNotMatch(html, /<script|<b>|alert\("1"\)/);
    const escaped = '&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; &#39;co&#39;';
    assert.equal(html.split(escaped).length - 1, 4, 'title, greeting, paragraph, label');
    assert.match(html, /href="https:\/\/example\.com\/&quot;&gt;&lt;b&gt;\?a=1&amp;b=2"/);
    assert.ok(text.includes(hostile));
  });

  test('a value can not add paragraphs or headers of its own to the text', () => {
    const { text, html } = renderEmail(
      content({ greeting: 'Hello Bob\r\n\r\nYou have won', paragraphs: [] }),
    );
    assert.equal(text, 'Hello Bob You have won\n\n-- \nFind Me a Hot Lead\n');
    assert.ok(html.includes('<p>Hello Bob You have won</p>'));
  });

  test('the link is in both versions', () => {
    const url = 'https://leads.example.com/api/v1/leads/confirm?token=abc';
    const { text, html } = renderEmail(
      leadConfirmation({ niche: 'VPS hosting', confirm_url: url, expires_in_hours: 24 }),
    );
    assert.ok(text.includes(`\n${url}\n`));
    assert.ok(html.includes(`href="${url}"`));
    assert.match(text, /within 24 hours/);
  });

  test('a welcome greets by name, and without one where none is known', () => {
    assert.equal(welcome({ name: 'Ada' }).greeting, 'Hello Ada,');
    assert.equal(welcome({}).greeting, 'Hello,');
  });
});
