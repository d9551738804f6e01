/** Who makes a request, by session or by API token, and what that lets it do. */
import { permissionsOf, PERMISSIONS, type Permission, type UserRole } from '../../../contract/access.ts';
import type { ApiTokenId, UserId } from '../../../contract/ids.ts';
import type { Access } from '../../platform/http/types.ts';
import type { CurrentSession } from './types.ts';

export interface Identity {
  userId: UserId;
  role: UserRole;
  permissions: ReadonlySet<Permission>;
  /** Null for a program. */
  session: CurrentSession | null;
  /** Null for a person. */
  tokenId: ApiTokenId | null;
}

/** An API token whose user may still sign in, as the guard found it. */
export interface CurrentToken {
  id: ApiTokenId;
  userId: UserId;
  role: UserRole;
  mfaEnrolled: boolean;
  /** As they were given. */
  permissions: readonly string[];
  lastUsedAt: Date | null;
}

export function identityOfSession(session: CurrentSession): Identity {
  const { userId, role } = session;
  const permissions = new Set(isFull(session) ? permissionsOf(role) : []);
  return { userId, role, permissions, session, tokenId: null };
}

/** A token can do what its owner may still do of what it was given: nothing, once the owner has no MFA. */
export function identityOfToken(token: CurrentToken): Identity {
  const { id: tokenId, userId, role } = token;
  const stillMay = token.mfaEnrolled ? permissionsOf(role) : [];
  const permissions = new Set(stillMay.filter((name) => token.permissions.includes(name)));
  return { userId, role, permissions, session: null, tokenId };
}

/** Whether a session is one of somebody who has signed in, which for staff takes MFA. */
function isFull({ stage, role, mfaEnrolled }: CurrentSession): boolean {
  return stage === 'full' && (mfaEnrolled || role === 'provider');
}

export function mayEnter(identity: Identity, access: Exclude<Access, 'public' | 'internal'>): boolean {
  const { session, role } = identity;
  if (isPermission(access)) return identity.permissions.has(access);
  if (session === null) return false;
  if (access === 'session') return true;
  return isFull(session) && (access === 'user' || access === role);
}

function isPermission(access: Access): access is Permission {
  return Object.hasOwn(PERMISSIONS, access);
}
