/** Reads past runs from the server: what happened in one, page by page, and the list of all. */
import * as v from "valibot";
import { heard, type Conversations } from "./conversation_log.js";
import type { PastRun } from "./conversation_shape.js";
import { CommandName, RunEventsReply, RunListReply } from "./protocol.js";
import type { Server } from "./server.js";

/** One that cannot be read takes no others with it. */
const EventsPage = v.object({ ...RunEventsReply.entries, events: v.array(v.unknown()) });
const PAGE_EVENTS = 500;
/** A run has at most so many pages that are read; the transcript has all. */
const PAGES_MAX = 40;
const LISTED_MAX = 1000;

/** What happened in a run and its children; what cannot be read is left out, and a message says why. */
export async function pastOf(server: Server, runId: string): Promise<Conversations> {
  let past: Conversations = new Map();
  let after: Record<string, number> = {};
  for (let pages = 0; pages < PAGES_MAX; pages += 1) {
    const argument = { runId, after, limit: PAGE_EVENTS };
    const reply = await server.ask(EventsPage, CommandName.runEvents, argument);
    past = (reply?.events ?? [])
      .flatMap((each) => server.read.event(each) ?? [])
      .reduce(heard, past);
    if (reply?.hasMore !== true) {
      break;
    }
    ({ after } = reply);
  }
  return past;
}

/** All runs that people began, newest first. */
export async function pastRuns(server: Server): Promise<readonly PastRun[]> {
  const argument = { limit: LISTED_MAX };
  const reply = await server.ask(RunListReply, CommandName.runList, argument);
  return (reply?.runs ?? []).filter(({ parentId }) => parentId === undefined);
}
