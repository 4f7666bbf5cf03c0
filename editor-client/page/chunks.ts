/**
 * Cuts Markdown that streams into chunks that stay as they are whatever follows, so that each is
 * drawn once: at blank lines outside of code and lists, and within anything that is very long.
 */

export interface Chunk {
  /** Markdown that can be drawn by itself. */
  readonly source: string;
  /** How much of the text it stands for. */
  readonly length: number;
  /** The line that opens the code in which the rest begins; empty outside of code. */
  readonly fence: string;
}

/** A longer chunk ends at the next line that may begin one, a much longer one within a line. */
const CHUNK_CHARS_MAX = 4000;
const FORCED_CHARS_MAX = 16_000;

const FENCE = /^ {0,3}(`{3,}|~{3,})([^`\n]*)$/;

/** The chunk at the beginning of a text that may go on; undefined while it is not whole. */
export function firstChunk(text: string, fence: string): Chunk | undefined {
  let open = fence;
  const chunk = (length: number): Chunk => ({
    source: closed(rest(text.slice(0, length), fence), open),
    length,
    fence: open,
  });
  for (let at = 0; at < text.length;) {
    const next = text.indexOf("\n", at) + 1;
    // A text without an end of its own gets one, wherever that is.
    if ((next || text.length) > FORCED_CHARS_MAX) {
      return chunk(FORCED_CHARS_MAX);
    }
    // The last line may go on.
    if (next === 0) {
      break;
    }
    open = fenceAfter(text.slice(at, next - 1), open);
    if (ends(text, at, next, open)) {
      return chunk(next);
    }
    at = next;
  }
  return undefined;
}

/** What is not whole yet, as Markdown that can be drawn by itself. */
export function rest(text: string, fence: string): string {
  return fence === "" ? text : `${fence}\n${text}`;
}

/** Whether a chunk may end behind the line from `at` to `next`. */
function ends(text: string, at: number, next: number, open: string): boolean {
  const first = text[next];
  // Whether what follows belongs to a list is seen in its first character.
  if (first === undefined) {
    return false;
  }
  const isBlank = open === "" && text.slice(at, next).trim() === "";
  const isLong = next > CHUNK_CHARS_MAX && first !== "|";
  return (isBlank || isLong) && (open !== "" || /\S/.test(first));
}

function closed(source: string, open: string): string {
  return open === "" ? source : `${source}${/^ {0,3}(`+|~+)/.exec(open)?.[0] ?? ""}`;
}

/** The line that opens the code in which the next line is; empty outside of code. */
function fenceAfter(line: string, open: string): string {
  const found = FENCE.exec(line.trimEnd());
  if (found === null) {
    return open;
  }
  const [, marks = "", info = ""] = found;
  if (open === "") {
    return line.trimEnd();
  }
  const opened = FENCE.exec(open)?.[1] ?? "";
  const closes =
    marks.startsWith(opened.slice(0, 1)) && marks.length >= opened.length && info.trim() === "";
  return closes ? "" : open;
}
