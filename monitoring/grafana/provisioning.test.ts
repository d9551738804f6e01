import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { z } from 'zod';

/** As Grafana documents them, as far as ours use it. A misspelt key would be ignored by Grafana without a word. */
const datasources = z.strictObject({
  apiVersion: z.literal(1),
  datasources: z.tuple([
    z.strictObject({
      name: z.string(),
      uid: z.string().max(40),
      type: z.literal('prometheus'),
      access: z.literal('proxy'),
      url: z.url(),
      isDefault: z.literal(true),
      jsonData: z.strictObject({
        httpMethod: z.enum(['POST', 'GET']),
        prometheusType: z.literal('Prometheus'),
        timeInterval: z.string().regex(/^\d+s$/),
      }),
    }),
  ]),
});
const providers = z.strictObject({
  apiVersion: z.literal(1),
  providers: z.tuple([
    z.strictObject({
      name: z.string(),
      type: z.literal('file'),
      folder: z.string(),
      folderUid: z.string().max(40),
      disableDeletion: z.boolean(),
      allowUiUpdates: z.boolean(),
      updateIntervalSeconds: z.int(),
      options: z.strictObject({ path: z.string() }),
    }),
  ]),
});

const read = (path: string): string => readFileSync(join(import.meta.dirname, path), 'utf8');

test('the data source is the default, which the dashboards choose at first, and knows the scrape interval', () => {
  const [source] = datasources.parse(parse(read('provisioning/datasources/prometheus.yml'))).datasources;
  const prometheus = z
    .object({ global: z.object({ scrape_interval: z.string() }) })
    .parse(parse(read('../prometheus/prometheus.yml')));
  assert.equal(source.jsonData.timeInterval, prometheus.global.scrape_interval);
});

test('the provider looks where the documentation puts the dashboards', () => {
  const {
    providers: [{ options }],
  } = providers.parse(parse(read('provisioning/dashboards/fmhl.yml')));
  assert.ok(read('../../docs/dashboards.md').includes(`monitoring/grafana/dashboards:${options.path}"`));
});
