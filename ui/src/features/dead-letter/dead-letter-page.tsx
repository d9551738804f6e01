import { Page } from '../../components/page.tsx';
import { Empty } from '../../components/problem.tsx';

export function DeadLetterPage() {
  return (
    <Page title="Dead letter">
      <Empty title="Not here yet" />
    </Page>
  );
}
