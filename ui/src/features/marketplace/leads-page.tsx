import { Page } from '../../components/page.tsx';
import { Empty } from '../../components/problem.tsx';

export function LeadsPage() {
  return (
    <Page title="Leads">
      <Empty title="Not here yet" />
    </Page>
  );
}
