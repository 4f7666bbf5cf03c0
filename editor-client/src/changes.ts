/** The text of a file as it would be, from a unified diff. */
import { applyPatch, parsePatch } from "diff";

export interface Change {
  readonly path: string;
  /** The file afterwards; undefined when it moved on and the diff does not fit any more. */
  readonly after: (before: string) => string | undefined;
}

/** Each file that a unified diff changes. A diff that was cut off has none. */
export function changesOf(diff: string): readonly Change[] {
  try {
    return parsePatch(diff).flatMap((file) => {
      const name = file.newFileName === "/dev/null" ? file.oldFileName : file.newFileName;
      const path = name?.replace(/^[ab]\//, "") ?? "";
      return path === "" || file.hunks.length === 0
        ? []
        : [{ path, after: (before: string) => whole(applyPatch(before, file)) }];
    });
  } catch {
    return [];
  }
}

function whole(text: string | false): string | undefined {
  return text === false ? undefined : text;
}
