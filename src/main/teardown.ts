import { errorText } from '../platform/lifecycle/errors.ts';

/** What has to be undone at the end, in the opposite order of what was done. */
export interface Teardown {
  /** Remembers how to undo something that was just done. */
  defer: (what: string, undo: () => Promise<unknown>) => void;
  /** Undoes everything, last first. One that fails does not keep the others from being undone. */
  run: (onFailure: (what: string, reason: string) => void) => Promise<void>;
}

export function createTeardown(): Teardown {
  const steps: { what: string; undo: () => Promise<unknown> }[] = [];
  return {
    defer: (what, undo) => {
      steps.push({ what, undo });
    },
    run: async (onFailure) => {
      for (const { what, undo } of steps.splice(0).reverse()) {
        await undo().catch((error: unknown) => onFailure(what, errorText(error)));
      }
    },
  };
}
