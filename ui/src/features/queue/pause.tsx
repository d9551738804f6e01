import { Button, Select } from '@mantine/core';
import { useState } from 'react';
import type { QueuePause } from '../../../../contract/queues.ts';
import { ReasonDialog } from '../../components/reason-dialog.tsx';
import { State } from '../../components/state.tsx';
import { Time } from '../../components/values.tsx';
import { Who } from '../../components/who.tsx';
import { counted } from '../../services/format.ts';
import { useMay } from '../../services/permissions.ts';
import { useChangePause } from './queries.ts';

const LASTS = [
  { value: '', label: 'until somebody resumes it' },
  { value: '900', label: 'for 15 minutes' },
  { value: '3600', label: 'for an hour' },
  { value: '14400', label: 'for 4 hours' },
  { value: '86400', label: 'for a day' },
];

/** Who paused the queue, why, and until when. */
export function Paused({ pause }: { pause: QueuePause }) {
  const { paused_by: by, paused_by_email: email, paused_at: at, reason, resumes_at: until } = pause;
  return (
    <div role="status">
      <State kind="paused">
        Paused{' '}
        {by === null ? (
          'by other means than this console'
        ) : (
          <>
            by <Who id={by} email={email} /> <Time at={at} />
          </>
        )}
        {reason !== null && <span className="raw">: {reason}</span>}
        {until !== null && (
          <>
            {' '}
            · resumes <Time at={until} />
          </>
        )}
      </State>
    </div>
  );
}

/** The button that pauses or resumes, and the dialog that asks why. */
export function PauseButton({ name, paused, depth }: { name: string; paused: boolean; depth: number }) {
  const may = useMay();
  const change = useChangePause(name);
  const [asked, setAsked] = useState(false);
  const [lasts, setLasts] = useState('');
  if (!may('queues.pause')) return null;
  const close = (): void => {
    setAsked(false);
    change.reset();
  };
  const confirm = (reason: string): void => {
    const body = { reason, ...(lasts === '' ? {} : { resume_after_seconds: Number(lasts) }) };
    change.mutate(paused ? { to: 'resume', body: { reason } } : { to: 'pause', body }, { onSuccess: close });
  };
  return (
    <>
      <Button variant="default" onClick={() => setAsked(true)}>
        {paused ? 'Resume' : 'Pause'}
      </Button>
      {asked && (
        <ReasonDialog
          title={paused ? `Resume ${name}` : `Pause ${name}`}
          verb={paused ? `Resume ${name}` : `Pause ${name}`}
          busy={change.isPending}
          error={change.error}
          onConfirm={confirm}
          onClose={close}
        >
          {paused ? (
            <span>Workers take its jobs again; {counted(depth, 'job')} wait.</span>
          ) : (
            <>
              <span>Workers take no more of its jobs. Those that run now are finished; new ones wait.</span>
              <Select
                label="Paused"
                data={LASTS}
                value={lasts}
                allowDeselect={false}
                onChange={(value) => setLasts(value ?? '')}
              />
            </>
          )}
        </ReasonDialog>
      )}
    </>
  );
}
