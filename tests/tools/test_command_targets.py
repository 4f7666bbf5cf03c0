from __future__ import annotations

from pathlib import Path

import pytest

from lsp_server.tools.command_targets import CANNOT_BE_TOLD, targets_text
from lsp_server.tools.shell_syntax import parse
from lsp_server.workspace.files.paths import Workspace
from tests.harness.files import lay_out


@pytest.mark.parametrize(
    ("command", "text"),
    [
        ("make deploy", CANNOT_BE_TOLD),
        ("docker compose up -d", CANNOT_BE_TOLD),
        ("python -c 'import os'", CANNOT_BE_TOLD),
        ("cat 'open", CANNOT_BE_TOLD),
        ("cp src/a.py /etc/hosts", "src/a.py, /etc/hosts"),
        ("python tool.py", "tool.py"),
        ("rm -rf ~/.cache/x", "~/.cache/x"),
        ("curl -fsS https://user@example.org:8443/a?b -o /tmp/a", "example.org, /tmp/a"),
        ("git clone git@example.org:a/b.git", "example.org"),
        ("scp a user@host.example.org:/srv/x", "host.example.org"),
        ("pip install --index-url=https://mirror.example.org/simple x", "mirror.example.org"),
        ("tar --directory=/opt -xf x.tar", "/opt"),
        ("echo 1 > /srv/flag 2>&1", "/srv/flag"),
        ("make > /dev/null 2>&1", CANNOT_BE_TOLD),
        ("make deploy > log", "log"),
        ("make < in >> $OUT", f"in and what {CANNOT_BE_TOLD}"),
        ("sh <<'EOF'\nrm x\nEOF", CANNOT_BE_TOLD),
        ("cat <<< /etc/passwd", CANNOT_BE_TOLD),
        ("cd /srv && touch $(cat ../list)", f"/srv, ../list and what {CANNOT_BE_TOLD}"),
        ("ls " + " ".join(f"/{n}" for n in range(10)), "/0, /1, /2, /3, /4, /5, /6, /7 and 2 more"),
        ("ls /a /a", "/a"),
        ("git commit -m 'Read a/b, too'", CANNOT_BE_TOLD),
        ("touch '/srv/two words'", "/srv/two words"),
        ('rm -rf "$DIR"', CANNOT_BE_TOLD),
        ("rm -rf /srv $DIR/x", f"/srv and what {CANNOT_BE_TOLD}"),
    ],
)
def test_paths_and_hosts_are_read_from_the_words(project: Path, command: str, text: str) -> None:
    lay_out(project, {"src/a.py": "", "tool.py": ""})
    assert targets_text(parse(command), Workspace(project)) == text
