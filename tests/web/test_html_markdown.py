"""HTML of many kinds as Markdown: what is shown, what is not, and that no page takes long."""

from __future__ import annotations

import time

import pytest

from lsp_server.web.html_markdown import markdown

PAGE_CHARS = 200_000
SECONDS_MAX = 20.0
"""A quadratic reading of such a page would take minutes."""


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<h1>A <b>b</b></h1><h3>C</h3>", "# A **b**\n\n### C"),
        ("<p>one<p>two<br>three", "one\n\ntwo\nthree"),
        ("a &amp; b &lt;c&gt; &#169; &unknown;", "a & b <c> \u00a9 &unknown;"),
        ("1 < 2 and <3", "1 < 2 and <3"),
        ("<a href='/b?c=1&amp;d=2'>b</a>", "[b](https://e.org/b?c=1&d=2)"),
        ("<a href=//f.org/x>f</a>", "[f](https://f.org/x)"),
        ("<a href='javascript:alert(1)'>x</a>", "x"),
        ("<a href='java&#115;cript:alert(1)'>x</a>", "x"),
        ("<a href='http://[x'>x</a>", "x"),
        ("<a href=/b></a>", ""),
        ("<ul><li>a<ul><li>b</ul><li>c</ul>", "- a\n  - b\n- c"),
        ("<ol><li>a<li>b</ol>", "1. a\n2. b"),
        (
            "<table><tr><th>A<th>B<tr><td>1<td>2|3</table>",
            "| A | B |\n| --- | --- |\n| 1 | 2\\|3 |",
        ),
        ("<pre><code>a:\n    b &lt; c\n</code></pre>", "```\na:\n    b < c\n```"),
        ("<pre>```</pre>", "````\n```\n````"),
        ("<code>a`b</code>", "``a`b``"),
        ("<blockquote>a<p>b</blockquote>", "> a\n>\n> b"),
        ("<em> a </em>b<strong></strong>", "*a* b"),
        ("<img src=x alt='a picture'>", "[image: a picture]"),
        ("<script>if (a < b) x('</p>')</script>y", "y"),
        ("<SCRIPT>a</SCRIPT >b<style>c", "b"),
        ("a<!-- b --><!---->c<!-->d<!doctype html>e<?php f ?>g<!-- h", "acdeg"),
        ("a<div hidden>b<div>c</div>d</div>e", "ae"),
        ("<p style='color:red; DISPLAY : none'>a</p>b", "b"),
        ("<svg><text>a</text></svg><template>b</template>c", "c"),
        ("<p title='a>b'>c", "c"),
        ("<p don't>c", "c"),
        ("</p></b></table>a", "a"),
        ("<b><i>a</b></i>b", "***a***b"),
        ("", ""),
    ],
)
def test_a_page_reads_as_a_person_sees_it(html: str, expected: str) -> None:
    assert markdown(html, "https://e.org/a/") == expected


@pytest.mark.parametrize(
    "piece",
    [
        "<",
        "<a ",
        '<a "',
        "<a \"'",
        "<!--",
        "<!",
        "<?",
        "<script>",
        "<div>",
        "<div hidden>",
        "&",
        "&amp",
        "<blockquote>x",
        "<ul><li>x",
        "<li>",
        "<b>x",
        "<table><tr><td>",
        "<pre>`",
        "</a>",
        " ",
        "\n",
        "<a href=x>",
        "<a " + "x= " * 60 + ">",
        '<a b="' + "<a " * 900 + '">',
        "<p style='display:",
    ],
)
def test_no_page_takes_long_to_read(piece: str) -> None:
    begun = time.monotonic()
    markdown(piece * (PAGE_CHARS // len(piece)), "https://e.org/")
    assert time.monotonic() - begun < SECONDS_MAX
