import { Text } from '@mantine/core';
import { Section } from '../../components/page.tsx';
import { byArea, permissionWords } from '../../components/permission-words.ts';
import { Time } from '../../components/values.tsx';
import type { Me } from '../../services/session.ts';

/** What the role lets one do, in words. */
export function Account({ me }: { me: Me }) {
  return (
    <Section title="What you may do">
      <Text size="sm" mb="xs">
        {me.permissions.length === 0
          ? 'Your role has an inbox of its own, and nothing of the operation.'
          : `As ${me.role}. An admin can give you another role.`}{' '}
        This session ends <Time at={me.expires_at} /> at the latest.
      </Text>
      <table className="table">
        <tbody>
          {byArea(me.permissions).map(({ title, permissions }) => (
            <tr key={title}>
              <th scope="row" style={{ verticalAlign: 'top' }}>
                {title}
              </th>
              <td style={{ padding: '4px 8px' }}>
                {permissions.map((name) => (
                  <div key={name}>{permissionWords(name)}</div>
                ))}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Section>
  );
}
