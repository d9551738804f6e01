import { useMay } from '../../services/permissions.ts';
import { useMe } from '../../services/session.ts';
import { NAV, type NavItem } from './nav.ts';

/** The pages that whoever is signed in may open. */
export function usePages(): NavItem[] {
  const me = useMe();
  const may = useMay();
  return NAV.filter(({ permission, provider }) => {
    if (provider === true) return me?.role === 'provider';
    return permission === null || may(permission);
  });
}
