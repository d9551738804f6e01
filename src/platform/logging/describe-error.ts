import { redactText } from './redact.ts';

export interface ErrorDescription {
  type: string;
  message: string;
  /** With the stacks of its causes. */
  stack?: string;
  code?: string;
}

/** How many causes deep a stack is followed. */
const MAX_CAUSES = 4;
const MAX_CODE = 100;

/** What the log says of anything that was thrown. Never throws, whatever the error's properties do. */
export function describeError(error: unknown): ErrorDescription {
  if (!(error instanceof Error)) return { type: typeof error, message: redactText(textOf(error)) };
  const code = read(error, 'code');
  const stack = stackOf(error);
  return {
    type: textOf(read(error, 'name')),
    message: redactText(messageOf(error)),
    ...(stack === '' ? {} : { stack: redactText(stack) }),
    ...(typeof code === 'string' ? { code: redactText(code.slice(0, MAX_CODE)) } : {}),
  };
}

/** A connection refused on every address of a host has an empty message of its own. */
function messageOf(error: Error): string {
  const message = textOf(read(error, 'message'));
  if (message !== '' || !(error instanceof AggregateError)) return message;
  return error.errors
    .map((one) => (one instanceof Error ? textOf(read(one, 'message')) : textOf(one)))
    .join('; ');
}

function stackOf(error: Error): string {
  const stacks: string[] = [];
  let next: unknown = error;
  for (let depth = 0; next instanceof Error && depth <= MAX_CAUSES; depth += 1) {
    const stack = read(next, 'stack');
    if (typeof stack === 'string') stacks.push(depth === 0 ? stack : `Caused by: ${stack}`);
    next = read(next, 'cause');
  }
  return stacks.join('\n');
}

function read(error: Error, property: string): unknown {
  try {
    return (error as Error & Record<string, unknown>)[property];
  } catch {
    return undefined;
  }
}

/** As text; `String` throws for objects without a prototype. */
function textOf(value: unknown): string {
  try {
    return String(value);
  } catch {
    return 'something that is no text';
  }
}
