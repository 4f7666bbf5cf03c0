/**
 * Draws what a model wrote: Markdown without HTML and pictures. A link is a button that asks the
 * extension, which opens files of the workspace, and pages after a person's yes.
 */
import hljs from "highlight.js/lib/core";
import bash from "highlight.js/lib/languages/bash";
import c from "highlight.js/lib/languages/c";
import cpp from "highlight.js/lib/languages/cpp";
import csharp from "highlight.js/lib/languages/csharp";
import css from "highlight.js/lib/languages/css";
import diff from "highlight.js/lib/languages/diff";
import go from "highlight.js/lib/languages/go";
import ini from "highlight.js/lib/languages/ini";
import java from "highlight.js/lib/languages/java";
import javascript from "highlight.js/lib/languages/javascript";
import json from "highlight.js/lib/languages/json";
import kotlin from "highlight.js/lib/languages/kotlin";
import lua from "highlight.js/lib/languages/lua";
import markdown from "highlight.js/lib/languages/markdown";
import php from "highlight.js/lib/languages/php";
import python from "highlight.js/lib/languages/python";
import ruby from "highlight.js/lib/languages/ruby";
import rust from "highlight.js/lib/languages/rust";
import sql from "highlight.js/lib/languages/sql";
import swift from "highlight.js/lib/languages/swift";
import typescript from "highlight.js/lib/languages/typescript";
import xml from "highlight.js/lib/languages/xml";
import yaml from "highlight.js/lib/languages/yaml";
import MarkdownIt from "markdown-it";

const LANGUAGES = {
  ...{ bash, c, cpp, csharp, css, diff, go, ini, java, javascript, json, kotlin, lua, markdown },
  ...{ php, python, ruby, rust, sql, swift, typescript, xml, yaml },
};
for (const [name, language] of Object.entries(LANGUAGES)) {
  hljs.registerLanguage(name, language);
}

/** Longer code is not coloured, so that the page stays fluent. */
const COLOURED_CHARS_MAX = 10_000;
/** As in `src/client.py:12`. */
const PLACE = /^[\w@.+-]*[\w+-](?:\/[\w@.+-]+)*\.\w{1,8}(?::\d+)?$/;

const md = new MarkdownIt({ html: false, linkify: false, highlight: coloured });
const { rules } = md.renderer;

function escapeHtml(text: string): string {
  return md.utils.escapeHtml(text);
}

rules.image = (tokens, at) => escapeHtml(tokens[at]?.content ?? "");
rules["link_open"] = (tokens, at) =>
  `<button type="button" class="link" data-target="${escapeHtml(tokens[at]?.attrGet("href") ?? "")}">`;
rules["link_close"] = () => "</button>";
rules.code_inline = (tokens, at) => {
  const text = tokens[at]?.content ?? "";
  const code = `<code>${escapeHtml(text)}</code>`;
  return PLACE.test(text) && text.includes(".")
    ? `<button type="button" class="link" data-target="${escapeHtml(text)}">${code}</button>`
    : code;
};
rules.fence = (tokens, at) => {
  const { content = "", info = "" } = tokens[at] ?? {};
  const language = info.trim().split(/\s+/)[0] ?? "";
  const name = `<span class="language">${escapeHtml(language)}</span>`;
  return `<div class="code"><div class="code-head">${name}<span class="code-acts"></span></div>${block(content, language)}</div>`;
};
rules.code_block = (tokens, at) => block(tokens[at]?.content ?? "", "");
// Inline styles are forbidden here.
rules["th_open"] = () => "<th>";
rules["td_open"] = () => "<td>";
rules["table_open"] = () => '<div class="table" tabindex="0"><table>';
rules["table_close"] = () => "</table></div>";

/** Markdown as HTML in which every text is escaped. */
export function html(source: string): string {
  return md.render(source);
}

function block(code: string, language: string): string {
  return `<pre tabindex="0"><code>${coloured(code, language)}</code></pre>`;
}

function coloured(code: string, language: string): string {
  return code.length <= COLOURED_CHARS_MAX && hljs.getLanguage(language) !== undefined
    ? hljs.highlight(code, { language, ignoreIllegals: true }).value
    : escapeHtml(code);
}
