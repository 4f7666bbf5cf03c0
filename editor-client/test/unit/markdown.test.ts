import assert from "node:assert/strict";
import { test } from "node:test";
import { html } from "../../page/markdown.js";

const HOSTILE = [
  "<script>alert(1)</script>",
  "<img src=x onerror=alert(1)>",
  "![seen](https://example.com/a.png)",
  "[a](javascript:alert(1))",
  "[a](data:text/html,<script>1</script>)",
  "[a](vbscript:x)",
  '[a](https://x "><script>1</script>")',
  '[a](<https://x/"onmouseover=alert(1)>)',
  "```<script>\nx\n```",
  "```html\n<script>alert(1)</script>\n```",
  "`<b onclick=1>`",
  "<https://example.com/<script>>",
  "| <script> |\n|---|\n| <iframe src=x> |",
  "[x]: <javascript:1>\n\n[x]",
  "&lt;script&gt; &#60;script&#62;",
  "# <svg onload=alert(1)>",
  '~~~" onload="x\n<x>\n~~~',
];
/** All that drawing makes of Markdown; whatever else begins with `<` came from the text. */
const TAGS =
  /^\/?(p|h\d|ul|ol|li|em|strong|s|code|pre|blockquote|hr|br|table|thead|tbody|tr|th|td|button|div|span)\b/;

for (const source of HOSTILE) {
  test(`nothing of a model's becomes part of the page: ${source}`, () => {
    for (const [, tag = ""] of html(source).matchAll(/<([^>]*)>/g)) {
      assert.match(tag, TAGS);
      assert.doesNotMatch(tag.replaceAll(/"[^"]*"/g, ""), /\bon\w+\s*=|\bsrc\b|\bhref\b|\bstyle\b/);
    }
  });
}

const DRAWN: readonly (readonly [string, RegExp])[] = [
  [
    "[docs](https://example.com/a?b=1&c=2)",
    /data-target="https:\/\/example\.com\/a\?b=1&amp;c=2">docs<\/button>/,
  ],
  ["see `src/client.py:12`", /data-target="src\/client\.py:12"><code>/],
  ["`os.path`", /<code>os\.path<\/code>/],
  ["```python\ndef a(): pass\n```", /<span class="hljs-keyword">def<\/span>/],
  ["```nothing-known\n<a>\n```", /&lt;a&gt;/],
  ["| a |\n|--:|\n| 1 |", /<td>1<\/td>/],
];

for (const [source, expected] of DRAWN) {
  test(`drawn: ${source}`, () => {
    assert.match(html(source), expected);
  });
}
