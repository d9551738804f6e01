import { useMe } from '../services/session.ts';
import { Id } from './values.tsx';

/** Who did it: "you", or the id of the user. */
export function Who({ id }: { id: string | null }) {
  const me = useMe();
  if (id !== null && id === me?.id) return <>you</>;
  return <Id value={id} what="user id" />;
}
