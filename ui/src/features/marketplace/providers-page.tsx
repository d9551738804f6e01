import { Page } from '../../components/page.tsx';
import { Empty } from '../../components/problem.tsx';

export function ProvidersPage() {
  return (
    <Page title="Providers">
      <Empty title="Not here yet" />
    </Page>
  );
}
