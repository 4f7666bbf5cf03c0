/** Waits for the end of a run, for what goes on with it. */
import type { EventNotice } from "./protocol.js";
import type { Server } from "./server.js";

/** The end of this part of a run; undefined when it does not come in time, or the server went. */
export function endOfRun(
  server: Server,
  runId: string,
  milliseconds: number,
): Promise<EventNotice | undefined> {
  return new Promise((resolve) => {
    const done = (notice?: EventNotice): void => {
      listening.forEach((each) => {
        each.dispose();
      });
      clearTimeout(timeout);
      resolve(notice);
    };
    const timeout = setTimeout(done, milliseconds);
    const listening = [
      server.onEvent((notice) => {
        if (notice.runId === runId && notice.event.kind === "run_ended") {
          done(notice);
        }
      }),
      server.onState((state) => {
        if (state !== "running") {
          done();
        }
      }),
    ];
  });
}
