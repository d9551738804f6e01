import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { z } from 'zod';
import { QUEUE_NAMES } from '../../contract/queues.ts';
import { FMHL_QUEUES } from './queues.ts';

/** Fields of payloads that say nothing about a person and are no secret. */
const NOT_PERSONAL: Readonly<Record<string, readonly string[]>> = {
  email_send: [
    'template',
    'lead_id',
    'data.niche',
    'data.level',
    'data.price',
    'data.balance',
    'data.threshold',
    'data.expires_in_hours',
  ],
  lead_distribution: ['lead_id', 'triggered_by.actor_id', 'triggered_by.actor_role', 'requested_at'],
  report_export: ['export_id'],
  scheduled: ['task'],
};

interface Schema {
  properties?: Record<string, Schema>;
  items?: Schema;
  additionalProperties?: Schema | boolean;
  anyOf?: Schema[];
  oneOf?: Schema[];
}

/** The paths of all values that a schema lets in. */
function leavesOf(schema: Schema, path = ''): string[] {
  const alternatives = schema.anyOf ?? schema.oneOf;
  if (alternatives !== undefined) return alternatives.flatMap((part) => leavesOf(part, path));
  const below = (step: string, part: Schema): string[] =>
    leavesOf(part, path === '' ? step : `${path}.${step}`);
  const leaves = Object.entries(schema.properties ?? {}).flatMap(([key, part]) => below(key, part));
  if (schema.items !== undefined) leaves.push(...below('*', schema.items));
  if (typeof schema.additionalProperties === 'object')
    leaves.push(...below('*', schema.additionalProperties));
  return leaves.length > 0 || schema.properties !== undefined ? leaves : [path];
}

for (const { name, payload, personal } of FMHL_QUEUES) {
  describe(`the personal fields of ${name}`, () => {
    const schema = z.toJSONSchema(payload, { io: 'input', unrepresentable: 'any' }) as Schema;
    const leaves = new Set(leavesOf(schema));
    const notPersonal = NOT_PERSONAL[name] ?? [];

    test('every field of the payload is declared personal, or known not to be', () => {
      const undecided = [...leaves].filter((leaf) => !personal.includes(leaf) && !notPersonal.includes(leaf));
      assert.deepEqual(undecided, [], 'decide: `personal` of the queue, or NOT_PERSONAL of this test');
      assert.ok(leaves.size > 0, 'there are fields');
    });

    test('every field that is declared exists', () => {
      const declared = [...personal, ...notPersonal];
      assert.deepEqual(
        declared.filter((path) => !leaves.has(path)),
        [],
      );
    });
  });
}

test('the queues are those whose names the contract has', () => {
  assert.deepEqual(FMHL_QUEUES.map(({ name }) => name).sort(), [...QUEUE_NAMES].sort());
});
