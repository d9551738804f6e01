import { Page } from '../../components/page.tsx';
import { Empty } from '../../components/problem.tsx';

export function OperationPage() {
  return (
    <Page title="Operation">
      <Empty title="Not here yet" />
    </Page>
  );
}
