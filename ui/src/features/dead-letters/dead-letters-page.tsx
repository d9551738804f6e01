import { Page } from '../../components/page.tsx';
import { Empty } from '../../components/problem.tsx';

export function DeadLettersPage() {
  return (
    <Page title="Dead letters">
      <Empty title="Not here yet" />
    </Page>
  );
}
