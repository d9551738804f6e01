/** The table of who may do what, in words; `Record` makes a new permission want its own. */
import { type Permission, permission } from '../../../contract/access.ts';

const WORDS: Record<Permission, string> = {
  'queues.view': 'See queues and their jobs, personal fields masked',
  'queues.pause': 'Pause and resume queues',
  'monitoring.view': 'See processes and alerts',
  'dead_letters.view': 'See dead letters and bulk operations, personal fields masked',
  'dead_letters.note': 'Write notes on groups',
  'dead_letters.mute': 'Mute groups',
  'dead_letters.resolve': 'Retry, discard and reopen',
  'dead_letters.edit': 'Retry with another payload or other options',
  'dead_letters.reveal': 'See personal fields in full, and search payloads',
  'dead_letters.export': 'Export to a file, personal fields masked',
  'audit.view': 'See who did what',
  'catalogue.view': 'See niches and levels',
  'catalogue.change': 'Change niches and levels',
  'distribution.view': 'See how far leads are distributed',
  'distribution.request': 'Start a distribution',
  'leads.view': 'See leads with contact details',
  'leads.decide': 'Approve and reject leads',
  'bad_leads.view': 'See reports of bad leads',
  'bad_leads.decide': 'Decide on reports of bad leads',
  'providers.view': 'See providers',
  'providers.change': 'Change providers and their subscriptions',
  'billing.view': 'See balances and ledgers',
  'billing.adjust': 'Adjust balances',
  'reports.export': 'Export reports',
  'tokens.manage': 'Make and revoke API tokens',
  'users.manage': 'Manage users and their roles',
};

const AREAS: Record<string, string> = {
  queues: 'Queues',
  monitoring: 'Monitoring',
  dead_letters: 'Dead letters',
  audit: 'Audit',
  catalogue: 'Catalogue',
  distribution: 'Distribution',
  leads: 'Leads',
  bad_leads: 'Bad leads',
  providers: 'Providers',
  billing: 'Billing',
  reports: 'Reports',
  tokens: 'API tokens',
  users: 'Users',
};

export function permissionWords(name: Permission): string {
  return WORDS[name];
}

export interface PermissionArea<P extends Permission = Permission> {
  title: string;
  permissions: P[];
}

/** Permissions by what they are about, in the order of the table. */
export function byArea<P extends Permission>(permissions: readonly P[]): PermissionArea<P>[] {
  const areas = new Map<string, P[]>();
  for (const name of permissions) {
    const area = name.slice(0, name.indexOf('.'));
    areas.set(area, [...(areas.get(area) ?? []), name]);
  }
  return [...areas].map(([area, names]) => ({ title: AREAS[area] ?? area, permissions: names }));
}

export const ALL_PERMISSIONS: readonly Permission[] = permission.options;
