import { join } from 'node:path';
import { ConfigError, loadConfig } from '../config/config.ts';
import { errorText } from '../platform/lifecycle/errors.ts';
import { migrate } from '../platform/postgres/migrate.ts';
import { packageRoot } from './package.ts';

/** Applies the migrations to DATABASE_URL and ends: for deployments that migrate before they start. */
try {
  const { databaseUrl } = loadConfig('cli');
  if (databaseUrl === null) throw new ConfigError('DATABASE_URL is not set');
  const applied = await migrate(databaseUrl, join(packageRoot(), 'migrations'));
  process.stdout.write(applied.length === 0 ? 'Nothing to apply.\n' : `Applied: ${applied.join(', ')}\n`);
} catch (error) {
  process.stderr.write(`fmhl: ${errorText(error)}\n`);
  process.exitCode = 1;
}
