import { Page } from '../../components/page.tsx';
import { Empty } from '../../components/problem.tsx';

export function AuditPage() {
  return (
    <Page title="Audit">
      <Empty title="Not here yet" />
    </Page>
  );
}
