import { Page } from '../../components/page.tsx';
import { Empty } from '../../components/problem.tsx';

export function OperationsPage() {
  return (
    <Page title="Operations">
      <Empty title="Not here yet" />
    </Page>
  );
}
