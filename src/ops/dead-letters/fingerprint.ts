/** What dead letters that died of the same thing have in common: the fingerprint that groups them. */
import { createHash } from 'node:crypto';
import { deadLetterGroupId, type DeadLetterGroupId } from '../../../contract/ids.ts';

export interface Fingerprint {
  groupId: DeadLetterGroupId;
  errorClass: string | null;
  /** The error message with its variable parts masked. */
  message: string;
  /** The top frames of our own code, innermost first: `sendEmail (src/marketplace/email/send)`. */
  frames: string[];
}

export interface Death {
  queueName: string;
  jobName: string;
  errorMessage: string | null;
  stackTrace: string | null;
}

const MAX_MESSAGE = 500;
const FRAMES = 3;
/** No frame of ours is longer, and the pattern's time grows with the square of a line. */
const MAX_LINE = 1_000;
/** Answers that are remembered of each kind: of texts of 1 kB as a rule, 20 kB at most. */
const REMEMBERED = 500;

/**
 * Groups by queue, job name, error class, masked message and own frames. Frames count by function and file
 * alone: a line number changes with every release, the cause does not.
 */
export function fingerprintOf({ queueName, jobName, errorMessage, stackTrace }: Death): Fingerprint {
  const message = maskMessage(errorMessage ?? '');
  const errorClass = errorClassOf(stackTrace);
  const frames = framesOf(stackTrace ?? '');
  const shared = JSON.stringify([queueName, jobName, errorClass, message, frames]);
  return { groupId: groupIdOf(shared), errorClass, message, frames };
}

/** A function that knows its latest answers: the deaths of a storm share their causes. */
function remembering<T>(of: (text: string) => T): (text: string) => T {
  const known = new Map<string, T>();
  return (text) => {
    let answer = known.get(text);
    if (answer === undefined) {
      answer = of(text);
      if (known.size >= REMEMBERED) known.clear();
      known.set(text, answer);
    }
    return answer;
  };
}

const groupIdOf = remembering((shared): DeadLetterGroupId => {
  const hex = createHash('sha256').update(shared).digest('hex');
  const id = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)];
  return deadLetterGroupId.parse(id.join('-'));
});

/**
 * In this order: what is quoted may be anything, and an address has a host and numbers in it. The third says what
 * must stand in a message for a dear pattern to match.
 */
const MASKS: readonly (readonly [RegExp, string, string?])[] = [
  [/"[^"]*"|`[^`]*`|“[^”]*”|«[^»]*»/g, '<value>'],
  // An apostrophe within a word quotes nothing.
  [/(?<![\p{L}\p{N}])'[^']*'(?![\p{L}\p{N}])/gu, '<value>', "'"],
  [/\b[a-z][a-z0-9+.-]*:\/\/[^\s<>]+/gi, '<url>', '://'],
  [/[^\s<>@"',;:()]+@[^\s<>@"',;:()]+/g, '<email>', '@'],
  [/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi, '<id>', '-'],
  [/\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?/g, '<time>'],
  [/\b\d{1,3}(\.\d{1,3}){3}(:\d+)?\b/g, '<address>'],
  [/(?<![\w:])(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}(?![\w:])/gi, '<address>', ':'],
  // Three labels or a port make a host; two labels alone are as often a file or the path of a field.
  [/\b(?:[a-z0-9-]+\.)+[a-z][a-z0-9-]*:\d+\b|\blocalhost(?::\d+)?\b/gi, '<host>'],
  [
    /\b(?:[a-z0-9-]+\.){2,}[a-z]{2,}\b|\b[a-z0-9-]+\.(?:com|net|org|io|dev|local|internal|invalid|example|test)\b/gi,
    '<host>',
  ],
  // Hashes, tokens: eight characters and more, of which some are digits.
  [/\b(?=[a-z]*\d)(?=[a-z\d]*\d[a-z]*\d)[a-z\d]{8,}\b/gi, '<id>'],
  [/\d+(?:[.,]\d+)*/g, '<n>'],
];

function maskMessage(message: string): string {
  // Messages of a megabyte exist; what tells causes apart stands at the start.
  let masked = message.slice(0, 2 * MAX_MESSAGE);
  for (const [variable, mask, needed] of MASKS) {
    if (needed === undefined || masked.includes(needed)) masked = masked.replace(variable, mask);
  }
  return masked.replace(/\s+/g, ' ').trim().slice(0, MAX_MESSAGE).toWellFormed();
}

/** `SmtpError` of `SmtpError: 550 no such user` or of `SmtpError [ECODE]: …`. */
function errorClassOf(stackTrace: string | null): string | null {
  const name = /^([A-Za-z_$][\w$.]{0,99})(?: \[[^\]\n]*\])?(?::|\n|$)/.exec(stackTrace ?? '')?.[1];
  return name !== undefined && /(Error|Exception|Failure|Timeout)$/.test(name) ? name : null;
}

/** What is read of a stack trace. */
const MAX_STACK = 20_000;

function framesOf(stackTrace: string): string[] {
  // A piece of a text keeps all of it in memory, so nothing is remembered of one that is longer.
  if (stackTrace.length > MAX_STACK) return ownFrames(stackTrace.slice(0, MAX_STACK));
  // Deaths share the frames; the message above them is of each alone.
  const frames = stackTrace.search(/^[ \t]+at /m);
  return frames < 0 ? [] : knownFrames(stackTrace.slice(frames));
}

const knownFrames = remembering(ownFrames);

function ownFrames(stackTrace: string): string[] {
  const frames: string[] = [];
  for (const line of stackTrace.split('\n')) {
    if (line.length > MAX_LINE) continue;
    const frame = /^\s+at (?:async )?(?:(.+?) \()?(.+?)(?::\d+){1,2}\)?$/.exec(line);
    const [, name = '', file = ''] = frame ?? [];
    if (frame === null || /node_modules|^node:|^<anonymous>|^native/.test(file)) continue;
    const place = placeOf(file);
    frames.push(name === '' ? place : `${name} (${place})`);
    if (frames.length === FRAMES) break;
  }
  return frames;
}

/** A file without what differs between machines and builds: where it is installed, `dist/`, its ending. */
function placeOf(file: string): string {
  const path = file.replace(/^file:\/\//, '').replace(/\.[cm]?[jt]sx?$/, '');
  const own = /^.*\/(src\/.+)$/.exec(`/${path}`)?.[1];
  return (own ?? path.split('/').slice(-2).join('/')).slice(0, 200);
}
