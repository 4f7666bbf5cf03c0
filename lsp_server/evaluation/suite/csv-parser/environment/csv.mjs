/** Rows of fields. */
export function parse(text, separator = ",") {
  return text.split("\n").map((line) => line.split(separator));
}
