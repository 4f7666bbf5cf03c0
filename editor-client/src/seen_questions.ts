/**
 * The questions that a person sees on their cards in a page of conversations, by their ids; what
 * a run asks at its end has the id of the run. What is seen there needs no notification.
 */
import * as vscode from "vscode";

/** What one page shows. */
export interface Place {
  readonly runId: string;
  readonly isVisible: () => boolean;
}

export interface SeenQuestions {
  readonly dispose: () => void;
  /** Takes the questions of which a page says that it shows the cards. */
  readonly acknowledge: (place: Place, ids: readonly string[]) => void;
  /** A page is new, was shown, was hidden, or shows another run; it acknowledges anew. */
  readonly turned: (place: Place) => void;
  readonly remove: (place: Place) => void;
  /** A page is about to show the run: its questions wait for the cards as long as one may take. */
  readonly awaited: (runId: string) => Place;
  /** Whether a page that shows the run acknowledges the question in time. */
  readonly comes: (
    id: string,
    runId: string,
    withdrawn?: vscode.CancellationToken,
  ) => Promise<boolean>;
  /** Resolves once no page shows the question any more, or it was withdrawn. */
  readonly goes: (id: string, withdrawn?: vscode.CancellationToken) => Promise<void>;
}

/** Much more than a page needs to draw a card; one that says nothing is broken. */
const ACKNOWLEDGED_MILLISECONDS = 10_000;

export function seenQuestions(): SeenQuestions {
  const places = new Map<Place, ReadonlySet<string>>();
  const changes = new vscode.EventEmitter<void>();
  const has = (id: string): boolean =>
    [...places].some(([place, ids]) => place.isVisible() && ids.has(id));
  const shows = (runId: string): boolean =>
    [...places.keys()].some((place) => place.isVisible() && place.runId === runId);
  /** Waits until something holds, the question was withdrawn or the time is over. */
  const until = (
    holds: () => boolean,
    withdrawn: vscode.CancellationToken | undefined,
    milliseconds?: number,
  ): Promise<void> =>
    new Promise((resolve) => {
      const over = milliseconds === undefined ? undefined : setTimeout(done, milliseconds);
      const parts = [changes.event(look), withdrawn?.onCancellationRequested(done)];
      function done(): void {
        clearTimeout(over);
        parts.forEach((part) => void part?.dispose());
        resolve();
      }
      function look(): void {
        if (holds() || withdrawn?.isCancellationRequested === true) {
          done();
        }
      }
      look();
    });
  const set = (place: Place, ids: readonly string[]): void => {
    places.set(place, new Set(ids));
    changes.fire();
  };
  return {
    acknowledge: set,
    turned: (place) => {
      set(place, []);
    },
    awaited: (runId) => {
      const end = Date.now() + ACKNOWLEDGED_MILLISECONDS;
      const place = { runId, isVisible: () => Date.now() < end };
      set(place, []);
      return place;
    },
    remove: (place) => {
      places.delete(place);
      changes.fire();
    },
    comes: async (id, runId, withdrawn) => {
      await until(() => has(id) || !shows(runId), withdrawn, ACKNOWLEDGED_MILLISECONDS);
      return has(id);
    },
    goes: (id, withdrawn) => until(() => !has(id), withdrawn),
    dispose: () => {
      changes.dispose();
    },
  };
}
