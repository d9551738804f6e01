import { Page } from '../../components/page.tsx';
import { Empty } from '../../components/problem.tsx';

export function ProviderPage() {
  return (
    <Page title="Provider">
      <Empty title="Not here yet" />
    </Page>
  );
}
