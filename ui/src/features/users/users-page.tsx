import { Page } from '../../components/page.tsx';
import { Empty } from '../../components/problem.tsx';

export function UsersPage() {
  return (
    <Page title="Access">
      <Empty title="Not here yet" />
    </Page>
  );
}
