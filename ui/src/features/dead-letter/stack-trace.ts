/** A stack trace in parts: what to look at, and what to fold away. */

export interface Frame {
  /** What was called; '' for code of no name. */
  name: string;
  /** File, line and column, from the folder of sources on. */
  place: string;
  /** The line as it is. */
  raw: string;
}

export type Part =
  /** The message, and whatever else is no frame, such as a cause. */
  { kind: 'text'; text: string } | { kind: 'own'; frames: Frame[] } | { kind: 'library'; frames: Frame[] };

const FRAME = /^\s+at (?:(.+?) \()?(.+?)\)?$/;
const LIBRARY = /[\\/]node_modules[\\/]|^(?:file:\/\/)?node_modules[\\/]|^node:|^<anonymous>|^native\b/;
/** Longer lines are no frames; a pattern should not have to walk them. */
const LONGEST = 1_000;

export function partsOf(trace: string): Part[] {
  const parts: Part[] = [];
  for (const line of trace.split('\n')) {
    const frame = frameOf(line);
    const last = parts.at(-1);
    if (frame === null) {
      if (last?.kind === 'text') last.text += `\n${line}`;
      else if (line.trim() !== '') parts.push({ kind: 'text', text: line });
    } else if (last !== undefined && last.kind === frame.kind) last.frames.push(frame);
    else parts.push({ kind: frame.kind, frames: [frame] });
  }
  return parts;
}

function frameOf(line: string): (Frame & { kind: 'own' | 'library' }) | null {
  const match = line.length > LONGEST ? null : FRAME.exec(line);
  if (match === null) return null;
  const [, name = '', file = ''] = match;
  const path = file.replace(/^async /, '').replace(/^file:\/\//, '');
  return {
    kind: LIBRARY.test(path) ? 'library' : 'own',
    name: name.replace(/^async /, ''),
    place: shortPlace(path),
    raw: line.trim(),
  };
}

/** Without where the program is installed: from `src/` or the last package on, or else the last two parts. */
function shortPlace(path: string): string {
  const inSources = /(?:^|\/)(src\/.+)$/.exec(path)?.[1];
  const inPackage = /(?:^|.*[\\/])node_modules[\\/](.+)$/.exec(path)?.[1];
  if (path.startsWith('node:')) return path;
  return inPackage ?? inSources ?? path.split('/').slice(-2).join('/');
}
