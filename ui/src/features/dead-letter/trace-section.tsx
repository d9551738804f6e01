import { Stack } from '@mantine/core';
import { Section } from '../../components/page.tsx';
import { Empty } from '../../components/problem.tsx';
import { CopyButton } from '../../components/values.tsx';
import { counted } from '../../services/format.ts';
import classes from './dead-letter.module.css';
import { type Frame, type Part, partsOf } from './stack-trace.ts';

/** Where it failed: our own frames; those of libraries are folded away. */
export function TraceSection({ trace }: { trace: string | null }) {
  return (
    <Section
      title="Stack trace"
      aside={trace !== null && <CopyButton text={trace} label="Copy the stack trace" />}
    >
      {trace === null ? (
        <Empty title="The job brought none">
          A processor that throws something other than an Error leaves no trace.
        </Empty>
      ) : (
        <Stack gap={6}>
          {partsOf(trace).map((part, index) => (
            <PartOf key={index} part={part} />
          ))}
        </Stack>
      )}
    </Section>
  );
}

function PartOf({ part }: { part: Part }) {
  if (part.kind === 'text') return <div className={`raw mono ${classes.message}`}>{part.text}</div>;
  if (part.kind === 'own') return <Frames frames={part.frames} />;
  return (
    <details>
      <summary className="quiet">{counted(part.frames.length, 'frame')} of libraries</summary>
      <Frames frames={part.frames} />
    </details>
  );
}

function Frames({ frames }: { frames: readonly Frame[] }) {
  return (
    <ul className={classes.frames}>
      {frames.map(({ name, place, raw }, index) => (
        <li key={index} title={raw} className="raw mono">
          {name !== '' && <strong>{name} </strong>}
          <span className="quiet">{place}</span>
        </li>
      ))}
    </ul>
  );
}
