import { useMe } from '../services/session.ts';
import { Id } from './values.tsx';

/** Who did it: "you", the address, or the id of the user where no address is known. */
export function Who({ id, email }: { id: string | null; email?: string | null | undefined }) {
  const me = useMe();
  if (id !== null && id === me?.id) return <>you</>;
  if (email !== null && email !== undefined) return <bdi title={id ?? undefined}>{email}</bdi>;
  return <Id value={id} what="user id" />;
}
