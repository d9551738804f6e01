import { Page } from '../../components/page.tsx';
import { Empty } from '../../components/problem.tsx';

export function QueuePage() {
  return (
    <Page title="Queue">
      <Empty title="Not here yet" />
    </Page>
  );
}
