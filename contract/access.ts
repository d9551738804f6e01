/** Who may do what: the one table that the guard, the UI, the documentation and the tests read. */
import { z } from 'zod';

/**
 * `viewer` looks, `operator` mends what is broken, `admin` does everything; these three are the staff, who need
 * MFA for anything at all. `provider` has an inbox of its own and nothing of the operation.
 */
export const userRole = z.enum(['viewer', 'operator', 'admin', 'provider']);
export type UserRole = z.infer<typeof userRole>;
export const staffRole = userRole.extract(['viewer', 'operator', 'admin']);
export type StaffRole = z.infer<typeof staffRole>;

const ADMIN = ['admin'] as const;
const OPERATOR = ['operator', ...ADMIN] as const;
const STAFF = ['viewer', ...OPERATOR] as const;

/**
 * What may be done, and the roles that may. People's data in full, money, and access itself are for admins.
 * A route names one of these in `config.access`; an API token has some of those of its maker.
 */
export const PERMISSIONS = {
  /** The overview, queues, their history, and their jobs with personal fields masked. */
  'queues.view': STAFF,
  'queues.pause': OPERATOR,
  /** Processes of the fleet, and alerts. */
  'monitoring.view': STAFF,
  /** Dead letters, groups and bulk operations, with personal fields masked. */
  'dead_letters.view': STAFF,
  'dead_letters.note': OPERATOR,
  'dead_letters.mute': OPERATOR,
  /** Retry, discard and reopen, one or many. */
  'dead_letters.resolve': OPERATOR,
  /** Retry with another payload or other options: it can send what a job holds to somebody else. */
  'dead_letters.edit': ADMIN,
  /** Personal fields in full, and a search by what payloads hold. */
  'dead_letters.reveal': ADMIN,
  /** A file of them, with personal fields masked. */
  'dead_letters.export': OPERATOR,
  'audit.view': STAFF,
  /** Niches and competition levels. */
  'catalogue.view': STAFF,
  'catalogue.change': ADMIN,
  /** How far a lead's distribution is, and who got it; nothing of the person who asked. */
  'distribution.view': STAFF,
  'distribution.request': ADMIN,
  /** Leads with the contact details of who asked. */
  'leads.view': ADMIN,
  'leads.decide': ADMIN,
  'bad_leads.view': ADMIN,
  'bad_leads.decide': ADMIN,
  'providers.view': ADMIN,
  'providers.change': ADMIN,
  'billing.view': ADMIN,
  'billing.adjust': ADMIN,
  /** Providers export their own rows, admins everybody's. */
  'reports.export': ['admin', 'provider'],
  /** One's own API tokens; admins see and revoke everybody's. */
  'tokens.manage': STAFF,
  'users.manage': ADMIN,
} as const satisfies Record<string, readonly UserRole[]>;

export type Permission = keyof typeof PERMISSIONS;
const names = Object.keys(PERMISSIONS) as [Permission, ...Permission[]];
export const permission = z.enum(names);

/** The permissions of a role, in the order of the table. */
export function permissionsOf(role: UserRole): Permission[] {
  return names.filter((name) => (PERMISSIONS[name] as readonly UserRole[]).includes(role));
}

/** What a program may be given: access itself is managed by people alone. */
export const tokenPermission = permission.exclude(['tokens.manage', 'users.manage']);
export type TokenPermission = z.infer<typeof tokenPermission>;
