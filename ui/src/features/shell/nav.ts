import type { Permission } from '../../../../contract/access.ts';

export interface NavItem {
  to:
    | '/'
    | '/dead-letters'
    | '/operations'
    | '/audit'
    | '/leads'
    | '/bad-leads'
    | '/providers'
    | '/users'
    | '/settings'
    | '/inbox';
  label: string;
  /** Who sees it; null: everybody who is signed in. */
  permission: Permission | null;
  /** Pages that only providers have. */
  provider?: true;
}

export const NAV: readonly NavItem[] = [
  { to: '/', label: 'Queues', permission: 'queues.view' },
  { to: '/dead-letters', label: 'Dead letters', permission: 'dead_letters.view' },
  { to: '/operations', label: 'Operations', permission: 'dead_letters.view' },
  { to: '/audit', label: 'Audit', permission: 'audit.view' },
  { to: '/leads', label: 'Leads', permission: 'leads.view' },
  { to: '/bad-leads', label: 'Bad leads', permission: 'bad_leads.view' },
  { to: '/providers', label: 'Providers', permission: 'providers.view' },
  { to: '/inbox', label: 'Inbox', permission: null, provider: true },
  { to: '/users', label: 'Access', permission: 'tokens.manage' },
  { to: '/settings', label: 'Settings', permission: null },
];
