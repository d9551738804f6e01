import { Page } from '../../components/page.tsx';
import { useMe } from '../../services/session.ts';
import { Account } from './account.tsx';
import { Authenticator } from './authenticator.tsx';
import { Password } from './password.tsx';
import { Sessions } from './sessions.tsx';
import { ThemeChoice } from './theme-choice.tsx';

/** What everybody may see and do of their own access. */
export function SettingsPage() {
  const me = useMe();
  if (me === null) return null;
  return (
    <Page
      title="Settings"
      sentence={
        <>
          Signed in as <span className="raw">{me.email}</span>, {me.role}
        </>
      }
    >
      <div style={{ maxWidth: 760 }}>
        <Sessions />
        <Authenticator me={me} />
        <Password email={me.email} />
        <ThemeChoice />
        <Account me={me} />
      </div>
    </Page>
  );
}
