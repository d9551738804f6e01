import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { endWithClosingLines } from './closing-lines.ts';

const CLOSING = 'ℹ tests 2\nℹ suites 0\nℹ pass 1\nℹ fail 1\nℹ duration_ms 12.5\n';

/** The output in pieces that end anywhere. */
async function passed(output: string): Promise<string> {
  const pieces = output.match(/[^]{1,7}/g) ?? [];
  return text(Readable.from(pieces).pipe(endWithClosingLines()));
}

test('output that ends with the closing lines is passed on as it is', async () => {
  const output = `✔ a rule (1ms)\nℹ a note of a test\n${CLOSING}`;
  assert.equal(await passed(output), output);
});

test('output that goes on after the closing lines ends with them all the same', async () => {
  const output = `✖ a rule (1ms)\n${CLOSING}\n✖ failing tests:\n\n  AssertionError: 1 !== 2\n`;
  assert.equal(await passed(output), `${output}\n${CLOSING}`);
});

test('closing lines in colour count', async () => {
  const coloured = CLOSING.replaceAll('ℹ', '\u001b[34mℹ').replaceAll('\n', '\u001b[39m\n');
  assert.equal(await passed(`${coloured}✖ failing tests:\n`), `${coloured}✖ failing tests:\n\n${CLOSING}`);
});
