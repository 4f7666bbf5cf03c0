/**
 * Reads what the server sends. What has another shape than here is expected is reported, as
 * nobody would miss what is left out.
 */
import type * as v from "valibot";
import { unreadIn } from "./event_shapes.js";
import { faultsOf, parsed } from "./parsed.js";
import { EventNotice } from "./protocol.js";

/** Takes what could not be read: of what, and where it differs. */
export type Report = (what: string, faults: readonly string[]) => void;

export interface Reader {
  /** The value as that shape; undefined when it has another one. */
  readonly as: <Shape extends v.GenericSchema>(
    shape: Shape,
    what: string,
    value: unknown,
  ) => v.InferOutput<Shape> | undefined;
  /** An Event, of which only its words may be readable. */
  readonly event: (value: unknown) => EventNotice | undefined;
}

export function reader(report: Report): Reader {
  const as: Reader["as"] = (shape, what, value) => {
    const read = parsed(shape, value);
    if (read === undefined) {
      report(what, faultsOf(shape, value));
    }
    return read;
  };
  return {
    as,
    event: (value) => {
      const notice = as(EventNotice, "an Event", value);
      const faults = notice === undefined ? [] : unreadIn(notice.event);
      if (notice !== undefined && faults.length > 0) {
        report(`the Event ${notice.event.kind}`, faults);
      }
      return notice;
    },
  };
}
