import assert from "node:assert/strict";
import { pathToFileURL } from "node:url";

const load = (name) => import(pathToFileURL(`${process.argv[2]}/${name}`));

const { render } = await load("render.mjs");

const rows = [
  ["a {{x}} b", { x: 1 }, "a 1 b"],
  ["{{ x }}{{y}}", { x: `&<>"'` }, "&amp;&lt;&gt;&quot;&#39;"],
  ["{{{x}}}", { x: "<b>" }, "<b>"],
  ["{{a.b.c}}|{{a.x.c}}|{{a}}", { a: { b: { c: 0 } } }, "0||[object Object]"],
  ["{{constructor}}{{a.__proto__}}{{t.length}}{{toString}}", { a: {}, t: "text" }, ""],
  ["{{n}}{{u}}{{f}}", { n: null, f: false }, "false"],
  ["{{x}}", { x: "{{y}}", y: "no" }, "{{y}}"],
  ["{{#each l}}{{x}}{{{this.x}}}{{y}},{{/each}}", { l: [{ x: "<" }, { x: 2, y: 3 }], y: 9 }, "&lt;<9,223,"],
  ["{{#each l}}[{{#each this}}{{this}}{{/each}}]{{/each}}", { l: [[1, 2], [], [3]] }, "[12][][3]"],
  ["{{#each l}}x{{/each}}{{#each m}}x{{/each}}{{#each t}}x{{/each}}", { l: {}, t: "abc" }, ""],
  ["{{#if a}}A{{else}}B{{/if}}{{#if b}}C{{/if}}", { a: [], b: [0] }, "BC"],
  ["{{#if a.b}}{{#if c}}1{{else}}2{{/if}}{{else}}3{{/if}}", { a: { b: 1 } }, "2"],
  ["{{#each l}}{{#if this}}{{this}}{{else}}-{{/if}}{{/each}}", { l: [1, 0, "x"] }, "1-x"],
  ["} {x} {", {}, "} {x} {"],
  ["{{x}}", { x: "$& $1" }, "$&amp; $1"],
];
for (const [template, values, wanted] of rows) assert.equal(render(template, values), wanted, template);

const link = (url, attribute = 'href="') => render(`<a ${attribute}{{u}}">`, { u: url }).slice(3, -2).slice(attribute.length);
for (const safe of ["/a", "a/b?c=d:e", "#x", "http://x", "HTTPS://x", "mailto:a@b", "", "//host/x"])
  assert.equal(link(safe), safe);
for (const unsafe of ["javascript:alert(1)", "JaVaScript:x", " javascript:x", "java\nscript:x", "\u0001javascript:x", "data:text/html,x", "vbscript:x", "j\tavascript:x"])
  assert.equal(link(unsafe), "about:blank", JSON.stringify(unsafe));
for (const attribute of ['HREF="', 'src = "', 'action="', 'formaction="', 'title="x" href="'])
  assert.equal(link("javascript:x", attribute), "about:blank", attribute);
assert.equal(render("<a href='{{{u}}}'>", { u: "javascript:x" }), "<a href='about:blank'>");
assert.equal(render('<a href="/x?{{u}}">', { u: "javascript:x" }), '<a href="/x?javascript:x">');
assert.equal(render('<a title="{{u}}">', { u: "javascript:x" }), '<a title="javascript:x">');
assert.equal(render('<a data-href="{{u}}">', { u: "javascript:x" }), '<a data-href="javascript:x">');
assert.equal(render('{{#each l}}<a href="{{u}}">{{/each}}', { l: [{ u: "data:x" }] }), '<a href="about:blank">');

for (const wrong of ["{{#each a}}x", "{{/if}}", "{{#if a}}{{#each b}}{{/if}}{{/each}}", "{{x", "{{else}}", "{{{x}}", "{{#if a}}{{else}}{{else}}{{/if}}"])
  assert.throws(() => render(wrong, { a: 1 }), SyntaxError, wrong);
