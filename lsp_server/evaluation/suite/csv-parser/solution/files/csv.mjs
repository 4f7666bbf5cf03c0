/** Rows of fields, as RFC 4180 has them. Throws a SyntaxError that names the line. */
export function parse(text, separator = ",") {
  const rows = [];
  let row = [];
  let at = text.startsWith("\uFEFF") ? 1 : 0;
  let line = 1;

  const lineEnd = () => {
    if (text[at] === "\r") return text[at + 1] === "\n" ? 2 : 1;
    return text[at] === "\n" ? 1 : 0;
  };
  const quoted = () => {
    const first = line;
    const parts = [];
    at += 1;
    for (;;) {
      const close = text.indexOf('"', at);
      if (close < 0) throw new SyntaxError(`line ${first}: a quote is never closed`);
      const part = text.slice(at, close);
      line += (part.match(/\r\n|\r|\n/g) ?? []).length;
      parts.push(part);
      at = close + 1;
      if (text[at] !== '"') break;
      parts.push('"');
      at += 1;
    }
    if (at < text.length && !text.startsWith(separator, at) && !lineEnd())
      throw new SyntaxError(`line ${line}: something follows a closing quote`);
    return parts.join("");
  };
  const plain = () => {
    const start = at;
    while (at < text.length && !text.startsWith(separator, at) && !lineEnd()) at += 1;
    return text.slice(start, at);
  };

  while (at < text.length || row.length) {
    row.push(text[at] === '"' ? quoted() : plain());
    if (at < text.length && text.startsWith(separator, at)) {
      at += separator.length;
      continue;
    }
    rows.push(row);
    row = [];
    at += lineEnd();
    line += 1;
  }
  return rows;
}
