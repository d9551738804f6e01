import type { Permission } from '../../../contract/access.ts';
import { useMe } from './session.ts';

/** Whether whoever is signed in may do something: what the server's guard lets this session do. */
export function useMay(): (permission: Permission) => boolean {
  const permissions = useMe()?.permissions ?? [];
  return (permission) => permissions.includes(permission);
}
