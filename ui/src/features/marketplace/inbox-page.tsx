import { Page } from '../../components/page.tsx';
import { Empty } from '../../components/problem.tsx';

export function InboxPage() {
  return (
    <Page title="Inbox">
      <Empty title="Not here yet" />
    </Page>
  );
}
