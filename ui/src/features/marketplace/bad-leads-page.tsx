import { Page } from '../../components/page.tsx';
import { Empty } from '../../components/problem.tsx';

export function BadLeadsPage() {
  return (
    <Page title="Bad leads">
      <Empty title="Not here yet" />
    </Page>
  );
}
