import { Text } from '@mantine/core';
import { Check } from 'lucide-react';
import { Fragment } from 'react';
import { type Permission, permissionsOf, userRole } from '../../../../contract/access.ts';
import { ALL_PERMISSIONS, byArea, permissionWords } from '../../components/permission-words.ts';

const GRANTED = userRole.options.map((role) => ({ role, may: new Set<Permission>(permissionsOf(role)) }));

/** Narrow enough for four beside the words on a phone. */
const CELL = { textAlign: 'center', padding: '0 4px', height: 32 } as const;

/** The table that the server's guard reads, as it is. */
export function Roles() {
  return (
    <>
      <Text size="sm" mb="xs">
        What each role may do, as the server enforces it. A provider has an inbox beside this.
      </Text>
      <div className="scroll-x" tabIndex={0} role="group" aria-label="Roles and what they may do">
        <table className="table" style={{ maxWidth: 860 }}>
          <thead>
            <tr>
              <th scope="col">May</th>
              {GRANTED.map(({ role }) => (
                <th key={role} scope="col" style={CELL}>
                  {role}
                </th>
              ))}
            </tr>
          </thead>
          {byArea(ALL_PERMISSIONS).map(({ title, permissions }) => (
            <tbody key={title}>
              <tr>
                <th scope="rowgroup" colSpan={GRANTED.length + 1} style={{ paddingTop: 12 }}>
                  {title}
                </th>
              </tr>
              {permissions.map((name) => (
                <tr key={name}>
                  <td style={{ padding: '4px 8px' }}>
                    {permissionWords(name)} <span className="mono quiet mantine-visible-from-sm">{name}</span>
                  </td>
                  {GRANTED.map(({ role, may }) => (
                    <td key={role} style={CELL}>
                      <Granted yes={may.has(name)} />
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          ))}
        </table>
      </div>
    </>
  );
}

function Granted({ yes }: { yes: boolean }) {
  return (
    <Fragment>
      {yes ? (
        <Check size={14} aria-hidden />
      ) : (
        <span aria-hidden className="quiet">
          –
        </span>
      )}
      <span className="visually-hidden">{yes ? 'yes' : 'no'}</span>
    </Fragment>
  );
}
