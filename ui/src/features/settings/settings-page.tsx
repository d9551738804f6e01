import { Page } from '../../components/page.tsx';
import { Empty } from '../../components/problem.tsx';

export function SettingsPage() {
  return (
    <Page title="Settings">
      <Empty title="Not here yet" />
    </Page>
  );
}
