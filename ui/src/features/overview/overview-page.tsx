import { Page } from '../../components/page.tsx';
import { Empty } from '../../components/problem.tsx';

export function OverviewPage() {
  return (
    <Page title="Queues">
      <Empty title="Not here yet" />
    </Page>
  );
}
