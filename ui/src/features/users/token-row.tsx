import { Button } from '@mantine/core';
import type { ApiTokenBody } from '../../../../contract/tokens.ts';
import { permissionWords } from '../../components/permission-words.ts';
import { State } from '../../components/state.tsx';
import { Time } from '../../components/values.tsx';
import { useNow } from '../../services/clock.ts';
import { counted } from '../../services/format.ts';

const SOON_MS = 7 * 86_400_000;

export function TokenRow({
  token,
  owner,
  onRevoke,
}: {
  token: ApiTokenBody;
  /** Whether it says whose it is. */
  owner: boolean;
  onRevoke: () => void;
}) {
  return (
    <tr>
      <td style={{ padding: '4px 8px' }}>
        <span className="raw">{token.name}</span>
        {owner && <div className="quiet raw">{token.owner_email}</div>}
        {/* On a phone, what the hidden columns say. */}
        <div className="mantine-hidden-from-sm">
          <Expiry at={token.expires_at} />
        </div>
      </td>
      <td className="mantine-visible-from-sm" style={{ padding: '4px 8px' }}>
        <details>
          <summary>{counted(token.permissions.length, 'permission')}</summary>
          {token.permissions.map((name) => (
            <div key={name}>{permissionWords(name)}</div>
          ))}
        </details>
      </td>
      <td>{token.last_used_at === null ? 'never' : <Time at={token.last_used_at} />}</td>
      <td className="mantine-visible-from-sm">
        <Expiry at={token.expires_at} />
      </td>
      <td className="number">
        <Button variant="default" size="compact-sm" onClick={onRevoke} aria-label={`Revoke ${token.name}`}>
          Revoke
        </Button>
      </td>
    </tr>
  );
}

function Expiry({ at }: { at: string }) {
  const left = new Date(at).getTime() - useNow();
  if (left <= 0) {
    return (
      <State kind="off">
        expired <Time at={at} />
      </State>
    );
  }
  if (left < SOON_MS) {
    return (
      <State kind="warn">
        expires <Time at={at} />
      </State>
    );
  }
  return (
    <>
      expires <Time at={at} />
    </>
  );
}
