import { Button, Group, List, Stack, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { lazy, Suspense, useState } from 'react';
import type { DeadLetterDetail } from '../../../../../contract/dead-letters.ts';
import type { FieldProblem } from '../../../../../contract/errors.ts';
import { Section } from '../../../components/page.tsx';
import { Loading } from '../../../components/problem.tsx';
import { State } from '../../../components/state.tsx';
import { ApiError } from '../../../services/api.ts';
import { focusTitle } from '../focus-title.ts';
import { useRetry } from '../queries.ts';
import { type Draft, draftOf, type Edit, editOf, inPayload, type Refusal, standing } from './draft.ts';
import { LeaveGuard } from './leave-guard.tsx';
import { OptionFields } from './option-fields.tsx';
import { Review } from './review.tsx';

const JsonEditor = lazy(() => import('./json-editor.tsx'));

/** First the edit, then what it changes and why, then the retry. The draft lives as long as the form does. */
export function EditForm({ detail, onClose }: { detail: DeadLetterDetail; onClose: () => void }) {
  const [before] = useState(() => draftOf(detail));
  const [draft, setDraft] = useState(before);
  const [refusal, setRefusal] = useState<Refusal>({
    text: before.text,
    problems: detail.payload_problems ?? [],
  });
  const [reviewed, setReviewed] = useState<Edit | null>(null);
  const [problems, setProblems] = useState<readonly FieldProblem[]>([]);
  const retry = useRetry(detail.id);
  const refused = standing(refusal, draft.text);
  const change = (part: Partial<Draft>): void => {
    setDraft((now) => ({ ...now, ...part }));
    setProblems([]);
  };
  const review = (): void => {
    const made = editOf(before, draft);
    if ('problems' in made) setProblems(made.problems);
    else if (Object.keys(made.edit).length === 0)
      setProblems([
        { field: '', message: 'Nothing is changed yet. To retry it as it is, cancel and choose Retry.' },
      ]);
    else setReviewed(made.edit);
  };
  const send = (reason: string): void =>
    retry.mutate(
      { ...reviewed, reason },
      {
        onSuccess: () => {
          notifications.show({
            message: 'Edited and retried: the new job is on its way.',
            withCloseButton: true,
          });
          onClose();
          focusTitle();
        },
        onError: (error) => {
          if (!(error instanceof ApiError) || error.status !== 400) return;
          setRefusal({ text: draft.text, problems: error.details.map(inPayload) });
          setReviewed(null);
        },
      },
    );
  return (
    <LeaveGuard
      changed={!retry.isSuccess && JSON.stringify(draft) !== JSON.stringify(before)}
      onClose={onClose}
    >
      {(leave) => (
        <>
          <div hidden={reviewed !== null}>
            <Section title="Edit and retry">
              <Stack gap="sm">
                {detail.resolved && (
                  <State kind="warn">It has been resolved meanwhile; a retry will be refused.</State>
                )}
                <Text size="sm">
                  The entry keeps what the dead job carried; the new job gets what stands here.
                </Text>
                <Suspense fallback={<Loading rows={6} label="Loading the editor" />}>
                  <JsonEditor
                    initial={before.text}
                    label="Payload as JSON"
                    problems={refused}
                    onChange={(text) => change({ text })}
                  />
                </Suspense>
                <OptionFields draft={draft} onChange={change} />
                <Faults
                  problems={problems.length > 0 ? problems : refused}
                  isRefusal={problems.length === 0}
                />
                <Group gap="xs">
                  <Button onClick={review}>Review the changes</Button>
                  <Button variant="default" onClick={leave}>
                    Cancel
                  </Button>
                </Group>
              </Stack>
            </Section>
          </div>
          {reviewed !== null && (
            <Review
              before={before}
              draft={draft}
              edit={reviewed}
              busy={retry.isPending}
              error={retry.error}
              onBack={() => {
                retry.reset();
                setReviewed(null);
              }}
              onSend={send}
            />
          )}
        </>
      )}
    </LeaveGuard>
  );
}

/** What stands in the way of a retry, by field; announced when it comes. */
function Faults({ problems, isRefusal }: { problems: readonly FieldProblem[]; isRefusal: boolean }) {
  return (
    <div role="status">
      {problems.length > 0 && (
        <>
          <State kind="bad">{isRefusal ? 'The queue does not take this payload:' : 'Mend this first:'}</State>
          <List size="sm">
            {problems.map(({ field, message }) => (
              <List.Item key={`${field}:${message}`} className="raw">
                {field !== '' && <span className="mono">{field} </span>}
                {message}
              </List.Item>
            ))}
          </List>
        </>
      )}
    </div>
  );
}
