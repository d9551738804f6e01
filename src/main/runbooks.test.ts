/** What the runbooks say exists: alerts, routes, variables, metrics, events, loops, tables, scripts, and other runbooks. */
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { LOG_EVENTS } from '../../contract/log.ts';
import { METRICS } from '../../contract/metrics.ts';
import { UI_PAGES } from '../../contract/pages.ts';
import { ALERTS } from '../../monitoring/prometheus/rules.ts';
import { RECORDINGS } from '../../monitoring/prometheus/slo.ts';
import { adminToken, makeUser, sessionFor } from '../../test/helpers/access.ts';
import { startAlertmanager } from '../../test/helpers/alertmanager.ts';
import { createTestApi, type TestApi } from '../../test/helpers/api.ts';
import { eventually } from '../../test/helpers/eventually.ts';
import { knownSeries, seriesIn } from '../../test/helpers/promql.ts';
import { createTestSystem, type TestSystem } from '../../test/helpers/system.ts';
import { loadConfig } from '../config/config.ts';
import { startHousekeeping } from './housekeeping-work.ts';
import { packageRoot } from './package.ts';
import { FMHL_QUEUES } from './queues.ts';

const FOLDER = join(packageRoot(), 'docs/runbooks');
const pages = new Map(
  readdirSync(FOLDER).map((file) => [file.replace(/\.md$/, ''), readFileSync(join(FOLDER, file), 'utf8')]),
);
const run = promisify(execFile);
const read = (file: string): string => readFileSync(join(packageRoot(), file), 'utf8');

/** Every match of a pattern's first group, with the page that it stands on. */
function said(pattern: RegExp): [page: string, what: string][] {
  return [...pages].flatMap(([page, text]) =>
    [...text.matchAll(pattern)].map((match): [string, string] => [page, match[1] ?? match[0]]),
  );
}

/** Lines of commands, those that go on put together. */
function blocks(language: string): [page: string, text: string][] {
  return said(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\`$`, 'gm')).map(([page, text]) => [
    page,
    text.replace(/\\\n\s*/g, ''),
  ]);
}

describe('runbooks', () => {
  test('are there for every alert and for nothing else, and the index lists all', () => {
    const names = ALERTS.map(({ name }) => name).sort();
    assert.deepEqual([...pages.keys()].filter((name) => name !== 'README').sort(), names);
    const listed = [...(pages.get('README') ?? '').matchAll(/^- \[(\w+)\]\(\1\.md\)$/gm)].map(
      ([, name]) => name,
    );
    assert.deepEqual(listed, names);
  });

  test('lead to pages that the admin UI has', () => {
    const led = said(/\$FMHL\/(?!api\/|health\/|runbooks|metrics)([^?/`"'\s]*)/g);
    assert.ok(led.length > 10, 'the addresses are found');
    for (const [page, first] of led) {
      assert.ok((UI_PAGES as readonly string[]).includes(first), `${page}: $FMHL/${first}`);
    }
  });

  test('have the same parts', () => {
    for (const [page, text] of pages) {
      if (page === 'README') continue;
      const headings = [...text.matchAll(/^#+ .+$/gm)]
        .map(([heading]) => heading)
        .filter((heading) => /^#{1,2} [A-Z]/.test(heading));
      assert.deepEqual(
        headings,
        [`# ${page}`, '## Meaning', '## Impact', '## Look', '## Mend', '## Silence'],
        page,
      );
    }
  });

  test('lead to pages that exist', () => {
    const links = said(/\]\(([^)]+)\)/g);
    assert.ok(links.length > 30);
    for (const [page, link] of links) assert.ok(existsSync(join(FOLDER, link)), `${page}: ${link}`);
  });

  test('name metrics that exist, in expressions that Prometheus accepts', async () => {
    const known = await knownSeries();
    RECORDINGS.forEach(({ record }) => known.add(record));
    for (const [page, name] of said(/(?<!hashtext\(')\bfmhl[_:][a-z0-9_:]+/g)) {
      assert.ok(known.has(name) || name in METRICS, `${page}: ${name}`);
    }
    const expressions = said(/^ask '([^']+)'/gm);
    assert.ok(expressions.length > 50);
    for (const [page, expr] of expressions) {
      const unknown = seriesIn(expr).filter((series) => !known.has(series));
      assert.deepEqual(unknown, [], `${page}: ${expr}`);
    }
    const rules = expressions.map(([, expr], index) => ({ record: `said:${index}`, expr }));
    const { status, stderr } = spawnSync('bash', ['-c', 'promtool check rules <(cat)'], {
      input: JSON.stringify({ groups: [{ name: 'runbooks', rules }] }),
      encoding: 'utf8',
    });
    assert.equal(status, 0, stderr);
  });

  test('name every loop that there is, and no other', () => {
    const loops = readdirSync(join(packageRoot(), 'src'), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
      .flatMap((file) => [...read(join('src', file)).matchAll(/loopMetrics\([\w.]+, '(\w+)'\)/g)])
      .map(([, loop]) => loop ?? '');
    assert.ok(loops.length > 3);
    for (const loop of loops) assert.ok(pages.get('BackgroundLoopFailing')?.includes(`\`${loop}\``), loop);
    for (const [page, loop] of said(/loop="(\w+)"/g)) assert.ok(loops.includes(loop), `${page}: ${loop}`);
  });

  test('name variables that are read', () => {
    const config = read('src/config/config.ts');
    const settings = [...read('docs/configuration.md').matchAll(/^\| `([A-Z_]+)` \|/gm)].map(
      ([, name]) => name,
    );
    const ofQueue = new RegExp(
      `^FMHL_QUEUE_(${FMHL_QUEUES.map(({ name }) => name.toUpperCase()).join('|')})_(${settings.join('|')})$`,
    );
    const names = said(/\b(?:FMHL_[A-Z_]+|[A-Z]+_URL)\b/g);
    assert.ok(names.length > 10);
    for (const [page, name] of names) {
      assert.ok(config.includes(`  ${name}:`) || ofQueue.test(name), `${page}: ${name}`);
    }
  });

  test('name events that are logged', () => {
    const events = said(/"event":"(\w+)"/g);
    assert.ok(events.length > 15);
    for (const [page, event] of events) {
      assert.ok((LOG_EVENTS as readonly string[]).includes(event), `${page}: ${event}`);
    }
  });

  test('name scripts that npm has', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    for (const [page, script] of said(/npm run ([\w:-]+)/g))
      assert.ok(script in scripts, `${page}: ${script}`);
  });

  test('have commands that a shell can read', () => {
    for (const [page, text] of blocks('bash')) {
      const { status, stderr } = spawnSync('bash', ['-n'], { input: text, encoding: 'utf8' });
      assert.equal(status, 0, `${page}: ${stderr}`);
    }
  });

  test('have a silence for exactly their alert, which Alertmanager takes', async () => {
    const alertmanager = await startAlertmanager(
      '{ route: { receiver: nobody }, receivers: [{ name: nobody }] }',
    );
    try {
      for (const { name } of ALERTS) {
        const line = /^amtool .* silence add .*$/m.exec(pages.get(name) ?? '')?.[0] ?? assert.fail(name);
        await run('bash', ['-c', `ALERTMANAGER=${alertmanager.url}; ${line}`]);
        assert.ok(line.includes(` alertname=${name} `), line);
      }
      const silences = (await (await fetch(`${alertmanager.url}/api/v2/silences`)).json()) as unknown[];
      assert.equal(silences.length, ALERTS.length);
    } finally {
      await alertmanager.stop();
    }
  });
});

describe('runbooks, beside a running system,', () => {
  let system: TestSystem;
  let api: TestApi;
  before(async () => {
    system = await createTestSystem('redis');
    api = await createTestApi(system);
  });
  after(async () => {
    await api.close();
    await system.close();
  });

  test('call routes that exist, with their method', () => {
    const routes = api.guard.routes().map(({ method, url }) => ({
      method,
      // What stands for an id is a variable of the shell.
      pattern: new RegExp(`^${url.replace(/:\w+/g, '\\$[A-Z]+')}$`),
    }));
    const calls = blocks('bash').flatMap(([page, text]) =>
      text.split('\n').flatMap((line) => {
        const path = /\$FMHL(\/[^"?]*)/.exec(line)?.[1];
        const method = /-X +(\w+)/.exec(line)?.[1] ?? (/ -d /.test(line) ? 'POST' : 'GET');
        return path === undefined ? [] : [{ page, method, path }];
      }),
    );
    assert.ok(calls.length > 30);
    for (const { page, method, path } of calls) {
      const found = routes.some((route) => route.method === method && route.pattern.test(path));
      assert.ok(found, `${page}: ${method} ${path}`);
    }
  });

  test('have SQL that the database can run', async () => {
    const statements = blocks('sql');
    assert.ok(statements.length > 3);
    for (const [page, text] of statements) {
      await system.database.pool
        .query(text)
        .catch((error: unknown) => assert.fail(`${page}: ${String(error)}`));
    }
  });

  test('find exactly the connection that holds the lock of housekeeping', async () => {
    const [query = ''] = blocks('sql').flatMap(([page, text]) =>
      page === 'HousekeepingWithoutLeader' ? [text] : [],
    );
    const { pool } = system.database;
    const holders = async (): Promise<unknown[]> =>
      (await pool.query<{ pid: number }>(query)).rows.map(({ pid }) => pid);
    const other = await pool.connect();
    try {
      await other.query(
        "SELECT pg_advisory_lock(hashtext('fmhl:other')), pg_advisory_lock(1, hashtext('fmhl:housekeeping'))",
      );
      assert.deepEqual(await holders(), []);
      const leadership = startHousekeeping(
        {
          ...system,
          pool,
          config: loadConfig('housekeeping', {}),
          role: 'housekeeping',
          queues: [],
          queueNames: [],
        },
        [],
      );
      try {
        await eventually(async () => (await holders()).length === 1);
      } finally {
        await leadership.stop();
      }
      assert.deepEqual(await holders(), []);
    } finally {
      // Not into the pool: it has locks.
      other.release(true);
    }
  });

  for (const role of ['start', 'api', 'worker', 'housekeeping'] as const) {
    test(`are served by the role ${role}, to whoever is on call`, async () => {
      const server = await createTestApi(system, undefined, { role });
      try {
        for (const path of ['/runbooks', ...ALERTS.map(({ name }) => `/runbooks/${name}`)]) {
          const { statusCode, body } = await server.app.inject({ url: path });
          assert.equal(statusCode, 200, path);
          assert.ok(body.includes('# '), path);
        }
      } finally {
        await server.close();
      }
    });
  }

  test('are for the staff alone where they are not to be public', async () => {
    const server = await createTestApi(system, undefined, { env: { FMHL_RUNBOOKS_PUBLIC: 'false' } });
    try {
      const provider = await sessionFor(system.db, await makeUser(system.db, 'provider'));
      for (const url of ['/runbooks', '/runbooks/Watchdog']) {
        assert.equal((await server.call('GET', url, { token: null })).status, 401, url);
        assert.equal((await server.call('GET', url, { token: provider })).status, 403, url);
        const { statusCode } = await server.app.inject({
          url,
          headers: { authorization: `Bearer ${await adminToken(system.db)}` },
        });
        assert.equal(statusCode, 200, url);
      }
    } finally {
      await server.close();
    }
  });
});
