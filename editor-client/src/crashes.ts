/** What to do when the server is gone: start it once more, and give up on a loop. */

/** A second crash within this time is a loop. */
export const LOOP_MILLISECONDS = 180_000;

export type Verdict = "restart" | "give up";

/** Remembers the crashes of one server; `crashed` says what to do about this one. */
export function crashes(now: () => number = Date.now): {
  crashed: () => Verdict;
  forget: () => void;
} {
  let last: number | undefined;
  return {
    crashed: () => {
      const before = last;
      last = now();
      return before !== undefined && last - before < LOOP_MILLISECONDS ? "give up" : "restart";
    },
    forget: () => {
      last = undefined;
    },
  };
}

/**
 * `work`, one after the other: calls while it goes on make it run once more
 * afterwards, however many they are.
 */
export function oneAtATime(work: () => Promise<void>): () => Promise<void> {
  let current: Promise<void> | undefined;
  let next: Promise<void> | undefined;
  const run = (): Promise<void> => {
    current = work().finally(() => {
      current = undefined;
    });
    return current;
  };
  return () => {
    if (current === undefined) {
      return run();
    }
    next ??= current
      .catch(() => undefined)
      .then(() => {
        next = undefined;
        return run();
      });
    return next;
  };
}
