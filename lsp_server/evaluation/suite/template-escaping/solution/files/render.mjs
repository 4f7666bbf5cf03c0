const ESCAPES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
const ADDRESS = /[\s"'/](?:href|src|action|formaction)\s*=\s*["']$/i;
const SCHEME = /^[a-z][a-z0-9+.-]*:/i;
const SAFE = new Set(["http:", "https:", "mailto:"]);

/** The template with its values filled in. Throws a SyntaxError. */
export function render(template, values) {
  const root = parse(template);
  const out = [];
  write(root, [values], out);
  return out.join("");
}

function parse(template) {
  const root = { parts: [], kind: "root" };
  const open = [root];
  let at = 0;
  while (at < template.length) {
    const start = template.indexOf("{{", at);
    if (start < 0) break;
    const isRaw = template.startsWith("{{{", start);
    const close = isRaw ? "}}}" : "}}";
    const end = template.indexOf(close, start + close.length);
    if (end < 0) throw new SyntaxError("a {{ is never closed");
    const current = open.at(-1);
    const text = template.slice(at, start);
    if (text) current.parts.push({ kind: "text", text });
    const name = template.slice(start + close.length, end).trim();
    at = end + close.length;
    if (isRaw) {
      current.parts.push({ kind: "value", name, isRaw, isAddress: ADDRESS.test(template.slice(0, start)) });
      continue;
    }
    const block = /^#(each|if)\s+(\S+)$/.exec(name);
    if (block) {
      const node = { kind: block[1], name: block[2], parts: [], others: null };
      node.first = node.parts;
      current.parts.push(node);
      open.push(node);
    } else if (name === "else") {
      if (current.kind !== "if" || current.others) throw new SyntaxError("an else without its if");
      current.others = current.parts = [];
    } else if (name.startsWith("/")) {
      if (current.kind !== name.slice(1)) throw new SyntaxError(`${name} closes nothing`);
      open.pop();
    } else if (name.startsWith("#")) throw new SyntaxError(`${name} is no block`);
    else current.parts.push({ kind: "value", name, isRaw, isAddress: ADDRESS.test(template.slice(0, start)) });
  }
  if (open.length > 1) throw new SyntaxError(`${open.at(-1).kind} is never closed`);
  root.parts.push({ kind: "text", text: template.slice(at) });
  return root;
}

function write(node, scopes, out) {
  for (const part of node.first ?? node.parts) writePart(part, scopes, out);
}

function writePart(part, scopes, out) {
  if (part.kind === "text") out.push(part.text);
  else if (part.kind === "value") out.push(shown(part, scopes));
  else if (part.kind === "each") {
    const list = find(part.name, scopes);
    if (Array.isArray(list)) for (const entry of list) write(part, [...scopes, entry], out);
  } else {
    const value = find(part.name, scopes);
    const holds = Array.isArray(value) ? value.length > 0 : Boolean(value);
    for (const each of (holds ? part.first : part.others) ?? []) writePart(each, scopes, out);
  }
}

function shown(part, scopes) {
  let text = String(find(part.name, scopes) ?? "");
  if (part.isAddress) {
    const scheme = SCHEME.exec(text.replace(/[\u0000-\u0020\u007f-\u00a0\s]/g, ""));
    if (scheme && !SAFE.has(scheme[0].toLowerCase())) text = "about:blank";
  }
  return part.isRaw ? text : text.replace(/[&<>"']/g, (char) => ESCAPES[char]);
}

function find(name, scopes) {
  if (name === "this") return scopes.at(-1);
  const [first, ...rest] = name.split(".");
  let value;
  if (first === "this") value = scopes.at(-1);
  else {
    const scope = scopes.findLast((each) => has(each, first));
    if (scope === undefined) return undefined;
    value = scope[first];
  }
  for (const key of rest) {
    if (!has(value, key)) return undefined;
    value = value[key];
  }
  return value;
}

function has(value, key) {
  return typeof value === "object" && value !== null && Object.hasOwn(value, key);
}
