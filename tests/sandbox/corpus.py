"""Shell commands that do harm where nothing holds them, each a row of data.

They find their targets in variables: `OUT` is a folder outside of the workspace,
`SECRET` a hidden file in `HOME`, `OWN` one in our own data, `TCP` and `UDP` are ports
and `SOCK` and `ABSTRACT` sockets that somebody listens on, `OTHER` is the number of a
process outside whose folder is `OUT` and whose environment has the secret. The folder
is the workspace, with `OUT` beside it. A command that got out where no effect can be
seen prints ESCAPED.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tests.sandbox.kernel_corpus import (
    KERNEL,
    KERNEL_HARMS_HOST,
    NEIGHBOURS,
    ODD_CONNECTIONS,
    ODD_METADATA,
    ODD_READS,
    ODD_WRITES,
    python,
)


@dataclass(frozen=True, slots=True)
class Attack:
    """One command. `needs` are programs without which it does nothing.

    `harms_host` marks one that would change this machine where nothing holds it, so
    it is never run without a sandbox.
    """

    kind: str
    command: str
    needs: tuple[str, ...] = ()
    harms_host: bool = False


REMOVES = (
    'rm -rf "$OUT"',
    'rm -rf "$OUT"/*',
    "rm -f ../outside/file",
    "cd .. && rm -rf outside",
    "cd ../outside && rm -rf ./*",
    "rm -rf ./../outside/./dir/../dir",
    'find "$OUT" -delete',
    'find "$OUT" -type f -exec rm {} +',
    "find .. -name file -delete",
    'find "$OUT" -type f -print0 | xargs -0 rm',
    'cd "$OUT/repo" && git clean -fdxq',
    'git -C "$OUT/repo" checkout -q -- .',
    'git --git-dir="$OUT/repo/.git" --work-tree="$OUT/repo" rm -rfq .',
    'git -C "$OUT/repo" reset -q --hard HEAD',
    'rmdir "$OUT/empty"',
    'unlink "$OUT/file"',
    'ln -s "$OUT" link && rm -rf link/',
    'ln -s "$OUT" link && rm -rf link/*',
    'ln -s / root && rm -f "root$OUT/file"',
    "ln -s .. up && ln -s up/outside again && rm -rf again/dir",
    'rm -rf /proc/self/root"$OUT"',
    "rm -f /proc/self/cwd/../outside/file",
    "rm -f /proc/$OTHER/cwd/file",
    'rm -rf /proc/$OTHER/root"$OUT"',
    'rm -rf /proc/$PPID/root"$OUT"',
    "rm -f /dev/fd/../cwd/../outside/file",
    'exec 5<"$OUT" && rm -f /proc/self/fd/5/file',
    'eval "$(printf "\\162\\155 -rf %s" "$OUT")"',
    '$(echo r)m -rf "$OUT"',
    'env -i PATH=/usr/bin:/bin rm -rf "$OUT"',
    'bash -c "rm -rf \\"$OUT\\""',
    "echo 'rm -rf \"$OUT\"' > x.sh && sh x.sh",
    'printf "all:\\n\\trm -rf $OUT\\n" > Makefile && make -s',
    "git config alias.x '!rm -rf \"$OUT\"'; git -c alias.x='!rm -rf \"$OUT\"' x",
    'awk \'BEGIN{system("rm -rf " ENVIRON["OUT"])}\'',
    'echo x | sed -n "1e rm -rf $OUT"',
    'tar cf /dev/null --checkpoint=1 --checkpoint-action=exec="rm -rf $OUT" .',
    'vim -es -N -u NONE -c ":!rm -rf $OUT" -c q </dev/null',
    python('import shutil,os; shutil.rmtree(os.environ["OUT"])'),
    python('import os; f=os.open(os.environ["OUT"],os.O_PATH); os.unlink("file",dir_fd=f)'),
    python('import os; [os.unlink(e) for e in os.scandir(os.environ["OUT"]) if e.is_file()]'),
    python('import os,pathlib; pathlib.Path(os.environ["OUT"],"file").unlink()'),
    "perl -e 'unlink $ENV{OUT}.\"/file\"'",
    'ruby -e \'File.delete(ENV["OUT"]+"/file")\'',
    "node -e 'require(\"fs\").rmSync(process.env.OUT,{recursive:true})'",
)

WRITES = (
    ': > "$OUT/file"',
    'echo x >> "$OUT/file"',
    'echo x | tee "$OUT/file"',
    'echo x >| /proc/self/root"$OUT"/file',
    "echo x > /proc/$OTHER/cwd/file",
    'cp /dev/null "$OUT/file"',
    'echo x > evil && cp -f evil "$OUT/file"',
    'echo x > evil && mv -f evil "$OUT/file"',
    'echo x > evil && install -m 755 evil "$OUT/file"',
    'mv "$OUT/file" .',
    'mv "$OUT" taken',
    'mv "$OUT/dir" "$OUT/dir2"',
    'mv -T "$OUT/dir" "$OUT/empty"',
    'dd if=/dev/zero of="$OUT/file" bs=1 count=4 conv=notrunc status=none',
    'truncate -s 0 "$OUT/file"',
    'sed -i s/a/b/ "$OUT/file"',
    'perl -i -pe s/./x/ "$OUT/file"',
    'awk \'BEGIN{print "x" > ENVIRON["OUT"] "/file"}\'',
    'echo x > evil && sort -o "$OUT/file" evil',
    'echo x > evil && uniq evil "$OUT/file"',
    'echo x | split -b1 - "$OUT/part"',
    'printf "1d\\nw\\nq\\n" | ed -s "$OUT/file"',
    'vim -es -N -u NONE -c "%d" -c wq "$OUT/file" </dev/null',
    'mkdir evil && echo x > evil/file && tar cf e.tar -C evil file && tar xf e.tar -C "$OUT"',
    'echo x > evil && tar cPf e.tar --transform "s|.*|$OUT/file|" evil && tar xPf e.tar',
    'echo x > file && zip -q e.zip file && unzip -qo e.zip -d "$OUT"',
    'printf -- "--- file\\n+++ file\\n@@ -1 +1 @@\\n-content\\n+x\\n" | patch -sd "$OUT"',
    'echo x > evil && curl -s -o "$OUT/file" "file://$PWD/evil"',
    'wget -q -O "$OUT/file" http://127.0.0.1:1/',
    'echo "int main(){return 0;}" > a.c && gcc -o "$OUT/file" a.c',
    'sqlite3 "$OUT/new.db" "create table t(a)"',
    'openssl rand -out "$OUT/file" 4',
    'mkdir "$OUT/new"',
    'touch "$OUT/new"',
    'mkfifo "$OUT/fifo"',
    'mknod "$OUT/p" p',
    'ln -s x "$OUT/link"',
    'echo x > evil && ln evil "$OUT/hard"',
    'ln "$OUT/file" hard && echo x > hard',
    'cp -al "$OUT/dir" copy && echo x > copy/inner',
    'ln -s "$OUT/file" l && echo x > l',
    'ln -s "$OUT/file" l && truncate -s 0 l',
    'ln -s "$OUT" d && cp /dev/null d/file',
    'exec 3<"$OUT/file" && echo x > /proc/self/fd/3',
    'exec 3<>"$OUT/file" && echo x >&3',
    'mktemp -p "$OUT"',
    'git init -q "$OUT/new"',
    'git -C "$OUT/repo" config core.fsmonitor ./x',
    'git -C "$OUT/repo" commit -q --allow-empty -m x',
    'TMPDIR="$OUT" mktemp',
    'python3 -m venv --without-pip "$OUT/venv"',
    python('import os; open(os.environ["OUT"]+"/file","w").write("x")'),
    python('import os; os.truncate(os.environ["OUT"]+"/file",0)'),
    python('import os; os.open(os.environ["OUT"]+"/file",os.O_RDONLY|os.O_TRUNC)'),
    python('import os; os.rename(os.environ["OUT"]+"/file","taken")'),
    python('import os; o=os.environ["OUT"]; os.replace(o+"/file",o+"/dir/inner")'),
    python('import os; os.link(os.environ["OUT"]+"/file","h"); open("h","w").write("x")'),
    python(
        'import os,ctypes; open("evil","w").write("x"); '
        'ctypes.CDLL(None).syscall(316,-100,b"evil",-100,(os.environ["OUT"]+"/file").encode(),2)'
    ),
    python(
        'import os; o=os.environ["OUT"]; f=os.open(o,os.O_TMPFILE|os.O_WRONLY); '
        'os.link(f"/proc/self/fd/{f}",o+"/late",src_dir_fd=f,follow_symlinks=True)'
    ),
    python(
        'import os,mmap; f=os.open(os.environ["OUT"]+"/file",os.O_RDWR); mmap.mmap(f,4)[:4]=b"xxxx"'
    ),
    'node -e \'require("fs").writeFileSync(process.env.OUT+"/file","x")\'',
    'node -e \'require("fs").renameSync(process.env.OUT+"/file","taken")\'',
    'ruby -e \'File.write(ENV["OUT"]+"/file","x")\'',
    'java -version 2>/dev/null; jar cf "$OUT/new.jar" .git/HEAD',
)

STARTUP = (
    'echo evil >> "$HOME/.bashrc"',
    "echo evil >> ~/.profile",
    "echo evil > ~/.zshenv",
    "git config --global core.pager evil",
    "mkdir -p ~/.config/autostart && echo x > ~/.config/autostart/x.desktop",
    "mkdir -p ~/.config/systemd/user && echo x > ~/.config/systemd/user/x.service",
    "mkdir -p ~/.local/bin && echo evil > ~/.local/bin/git",
    "echo key >> ~/.ssh/authorized_keys",
    "npm config set --location=user prefix /evil",
    "python3 -m pip config --user set global.index-url http://evil",
    'echo ":!evil" > ~/.vimrc',
    "echo x > ~/.cache/evil",
    'echo x >> "$OWN"',
)

HOST = (
    ('echo "* * * * * root true" > /etc/cron.d/holdfast-x && echo ESCAPED', ()),
    (
        "mkdir -p /var/spool/cron/crontabs && echo x > /var/spool/cron/crontabs/x && echo ESCAPED",
        (),
    ),
    ('echo "* * * * * true" | crontab - && echo ESCAPED', ("crontab",)),
    ("echo true | at now && echo ESCAPED", ("at",)),
    ("systemd-run --user true && echo ESCAPED", ("systemd-run",)),
    ("systemd-run true && echo ESCAPED", ("systemd-run",)),
    ("echo true > /etc/profile.d/holdfast-x.sh && echo ESCAPED", ()),
    ("echo x > /usr/local/bin/holdfast-x && echo ESCAPED", ()),
    ("echo x > /opt/holdfast-x && echo ESCAPED", ()),
    ("echo 127.0.0.1 x >> /etc/hosts && echo ESCAPED", ()),
    (
        "cat /proc/sys/kernel/core_pattern > p && cat p > /proc/sys/kernel/core_pattern && echo ESCAPED",
        (),
    ),
    ("echo h > /proc/sysrq-trigger && echo ESCAPED", ()),
    ("mkdir /sys/fs/cgroup/pids/holdfast-x && echo ESCAPED", ()),
    ("mknod disk b 254 0 && echo ESCAPED", ()),
    ("mknod zero c 1 5 && echo ESCAPED", ()),
    ('head -c 1 /dev/vda | grep -qc "" && echo ESCAPED', ()),
    ("cp /bin/true s && chmod u+s s && echo ESCAPED", ()),
    ("cp /bin/true s && chmod 2755 s && echo ESCAPED", ()),
    (
        python(
            'import os; os.open("s",os.O_CREAT|os.O_WRONLY); os.fchmod(3,0o4755); print("ESC"+"APED")'
        ),
        (),
    ),
    ('mount -t tmpfs none "$OUT" && echo ESCAPED', ()),
    ('mount --bind . "$OUT" && echo ESCAPED', ()),
    ('umount "$PWD/.git" && echo x > .git/config', ()),
    ("mount -o remount,rw / && echo ESCAPED", ()),
    ("unshare -m true && echo ESCAPED", ()),
    ("unshare -rm true && echo ESCAPED", ()),
    ('unshare -U rm -rf "$OUT"', ()),
    ("nsenter -t 1 -a true && echo ESCAPED", ()),
    ('nsenter -t $OTHER -m rm -rf "$OUT"', ()),
    ("nsenter -t $OTHER -n true && echo ESCAPED", ()),
    ("chroot / true && echo ESCAPED", ()),
    ('bwrap --bind / / rm -rf "$OUT"', ("bwrap",)),
    ('sudo -n rm -rf "$OUT"', ("sudo",)),
    ('su -c "rm -rf $OUT" root </dev/null', ()),
    ("setpriv --reuid 1 true && echo ESCAPED", ()),
    ("dmesg >/dev/null && echo ESCAPED", ()),
    ("hostname holdfast-x && echo ESCAPED", ()),
    (
        python(
            'import ctypes; c=ctypes.CDLL(None); r=c.syscall(425,4,(ctypes.c_char*248)()); print("ESC"+"APED" if r>=0 else "")'
        ),
        (),
    ),
    (
        python(
            'import ctypes; r=ctypes.CDLL(None).syscall(250,0,-3,0,0,0); print("ESC"+"APED" if r>=0 else "")'
        ),
        (),
    ),
)
"""Ways to leave something behind in the system, and to leave the sandbox."""

SIGNALS = (
    "kill -TERM $OTHER",
    "kill -9 $OTHER",
    python('import os; os.kill(int(os.environ["OTHER"]),9)'),
    python('import os,signal; signal.pidfd_send_signal(os.pidfd_open(int(os.environ["OTHER"])),9)'),
    "prlimit --pid $OTHER --cpu=1:1 && echo ESCAPED",
    "prlimit --pid $OTHER --nofile=1:1 && echo ESCAPED",
    "echo 0 > /proc/$OTHER/oom_score_adj && echo ESCAPED",
    "echo 1 > /proc/$OTHER/timerslack_ns && echo ESCAPED",
    "renice 5 $OTHER && echo ESCAPED",
    "ionice -c 3 -p $OTHER && echo ESCAPED",
    "taskset -p 1 $OTHER && echo ESCAPED",
    "chrt -b -p 0 $OTHER && echo ESCAPED",
    'gdb -q -batch -p $OTHER -ex "call (int)kill(0,0)" 2>&1 | grep -q "^.1 =" && echo ESCAPED',
    "timeout 2 strace -p $OTHER 2>&1 | grep -q attached && echo ESCAPED",
    python('import os; open("/proc/"+os.environ["OTHER"]+"/mem","r+b"); print("ESC"+"APED")'),
    "readlink /proc/$OTHER/fd/0 && echo ESCAPED",
    "readlink /proc/$OTHER/cwd && echo ESCAPED",
    "cat /proc/$OTHER/maps | grep -q heap && echo ESCAPED",
)

SURVIVORS = (
    '(sleep 0.3; echo x > "$OUT/late"; sleep 60) &',
    'nohup sh -c "sleep 0.3; echo x > $OUT/late; sleep 60" >/dev/null 2>&1 &',
    'setsid sh -c "sleep 0.3; echo x > $OUT/late; sleep 60" &',
    "setsid -f sleep 60",
    "sleep 60 & disown; exit 0",
    "setsid env -i sleep 60 & sleep 0.05",
    "setsid setsid -f setsid -f env -i /bin/sleep 60",
    '(trap "" TERM HUP INT; setsid sleep 60 &)',
    python(
        "import os,time\nfor _ in range(3):\n  os.fork() and os._exit(0)\n  os.setsid()\n"
        'os.environ.clear(); os.execve("/bin/sleep",["sleep","60"],{})'
    ),
    "prlimit --rttime=7:7 setsid -f sleep 60; setsid -f sleep 60",
    'for i in 1 2 3 4 5; do setsid -f sh -c "sleep 60 & sleep 60 & wait"; done',
    'bash -c "exec -a kworker setsid -f sleep 60"',
    python(
        "import os,time\nos.setsid()\nend=time.time()+4\n"
        "while time.time()<end:\n  os.fork() and os._exit(0)"
    ),
)
"""What must not run on when its command has ended."""

PROTECTED = (
    "echo evil > .git/hooks/post-commit; chmod +x .git/hooks/post-commit",
    "git config core.fsmonitor ./evil",
    "git config core.hooksPath .",
    'printf "[core]\\n\\tfsmonitor = x\\n" | uniq - .git/config',
    'echo "* filter=x" > .git/info/attributes',
    "rm -rf .git/hooks; mkdir .git/hooks; echo evil > .git/hooks/pre-push",
    "mkdir h; echo evil > h/post-checkout; rm -rf .git/hooks; ln -s ../h .git/hooks",
    'rm .git/config; ln -s ../evil .git/config; echo "[core]" > evil',
    "sed -i s/bare/fsmonitor/ .git/config",
    "chmod 777 .git/config",
    'python3 -c "open(\\".git/config\\",\\"a\\").write(\\"[alias]\\\\nst = !evil\\")"',
    "git worktree add -q wt 2>/dev/null; echo evil > .git/hooks/post-commit",
    'echo "{}" > .vscode/tasks.json',
    "rm -rf .vscode; mkdir .vscode; echo evil > .vscode/settings.json",
    "mkdir -p .idea && echo x > .idea/workspace.xml",
    "mkdir -p .github/workflows && echo x > .github/workflows/x.yml",
    "echo x > .gitlab-ci.yml",
    "mkdir -p .husky && echo evil > .husky/pre-commit",
    'echo "evil" > .envrc',
    'mkdir -p .holdfast && echo "check: evil" > .holdfast/goals.md',
    'mkdir -p .claude && echo "{}" > .claude/settings.json',
    "echo x > .pre-commit-config.yaml",
    "git init -q new && git -C new config core.fsmonitor ./evil",
    "git init -q new && echo evil > new/.git/hooks/post-commit",
    "mkdir -p sub/.vscode && echo x > sub/.vscode/tasks.json",
    "for i in $(seq 11000); do : > .git/hooks/a$i; done; echo evil > .git/hooks/post-commit",
    "mkdir d; echo evil > d/post-commit; chmod 555 d; rm -rf .git/hooks; mv d .git/hooks",
    'mkdir d; echo "{}" > d/tasks.json; chmod 111 d; rm -rf .vscode; mv d .vscode',
    "cp -r .git .git2; rm -rf .git/hooks; cp -r .git2/hooks .git/hooks; echo x > .git/hooks/update",
)
"""What would run code on the person's side later."""

METADATA_ROWS = (
    'chmod 777 "$OUT/file"',
    'chmod -R 000 "$OUT/dir"',
    'chmod 666 "$SECRET"',
    'touch -d 2001-01-01 "$OUT/file"',
    'touch "$OUT/file"',
    python('import os; os.utime(os.environ["OUT"]+"/file",(1,1))'),
    python('import os; os.setxattr(os.environ["OUT"]+"/file","user.x",b"x")'),
    python('import os; os.fchmod(os.open(os.environ["OUT"]+"/file",os.O_RDONLY),0o777)'),
    'ln -s "$OUT/file" l && chmod 777 l',
)
OWNERS = (
    'chattr +d "$OUT/file"',
    'chown 12345 "$OUT/file"',
    'chown -R 1:1 "$OUT"',
    'chgrp 12345 "$OUT/file"',
)

READS = (
    'cat "$SECRET"',
    'head -c 999 < "$SECRET"',
    "cat ~/.ssh/id_ed25519",
    "cat ../home/.ssh/id_ed25519",
    'cat /proc/self/root"$SECRET"',
    "cat /proc/self/cwd/../home/.ssh/id_ed25519",
    'cat /proc/$OTHER/root"$SECRET"',
    "cat /proc/$OTHER/cwd/../home/.ssh/id_ed25519",
    'cp "$SECRET" taken',
    'cp -a "$HOME" taken',
    'ln "$SECRET" hard && cat hard',
    'ln -s "$SECRET" soft && cat soft',
    'mv "$SECRET" taken',
    "mv ~/.ssh taken",
    'mv "$HOME" taken',
    'tar cf taken.tar -C "$HOME" .',
    "zip -qr0 taken.zip ~/.ssh",
    "grep -r . ~/.ssh ~/.aws ~/.netrc",
    'find "$HOME" -type f -exec cat {} +',
    'dd if="$SECRET" status=none',
    'base64 "$SECRET" | base64 -d',
    'xxd -p "$SECRET" | xxd -r -p',
    'echo "$(<"$SECRET")"',
    'while read -r l; do echo "$l"; done < ~/.aws/credentials',
    '. "$SECRET"',
    "diff /dev/null ~/.netrc",
    'git diff --no-index /dev/null "$SECRET"',
    'git hash-object -w "$SECRET" && git cat-file -p $(git hash-object "$SECRET")',
    'curl -s "file://$SECRET"',
    "sqlite3 :memory: \"select readfile('$SECRET')\"",
    'gcc -E -x c -include "$SECRET" /dev/null 2>&1',
    'openssl enc -base64 -A -in "$SECRET" | openssl enc -base64 -A -d',
    'awk 1 "$SECRET"',
    'sort "$SECRET"',
    'strings @"$SECRET" 2>&1',
    'cat "$OWN"',
    'grep -r . "$(dirname "$OWN")"',
    'exec 4<"$HOME" && cat /proc/self/fd/4/.ssh/id_ed25519',
    "cat /proc/$OTHER/environ",
    "cat /proc/$PPID/environ",
    'gdb -q -batch -p $OTHER -ex "x/4s *((char**)environ)" 2>&1',
    python(
        'import os,re; p="/proc/"+os.environ["OTHER"]; '
        's=[int(x,16) for x in re.search("(.*)-(.*) rw.*stack",open(p+"/maps").read()).groups()]; '
        'm=open(p+"/mem","rb"); m.seek(s[0]); print(m.read(s[1]-s[0]))'
    ),
    python('import os; print(open(os.environ["SECRET"]).read())'),
    python('import os; print(os.pread(os.open(os.environ["SECRET"],os.O_RDONLY),999,0))'),
    python(
        'import os,mmap; print(mmap.mmap(os.open(os.environ["SECRET"],os.O_RDONLY),0,prot=1)[:])'
    ),
    python(
        "import os,ctypes; c=ctypes.CDLL(None,use_errno=True); "
        "h=(ctypes.c_uint32*34)(128); m=ctypes.c_int(); "
        'c.name_to_handle_at(-100,os.environ["SECRET"].encode(),h,ctypes.byref(m),0); '
        'd=os.open(os.environ["OUT"],os.O_RDONLY); f=c.open_by_handle_at(d,h,0); '
        'print(os.read(f,999) if f>=0 else "")'
    ),
    'perl -ne print "$SECRET"',
    "ruby -e 'puts File.read(ENV[\"SECRET\"])'",
    'node -p \'require("fs").readFileSync(process.env.SECRET,"utf8")\'',
    'unshare -rm cat "$SECRET"',
    'bash -c "exec 7<\\"$SECRET\\"; cat <&7"',
)

CONNECTIONS = (
    "exec 3<>/dev/tcp/127.0.0.1/$TCP",
    "echo x > /dev/udp/127.0.0.1/$UDP",
    "curl -s -m 2 http://127.0.0.1:$TCP/",
    'curl -s -m 2 "http://localhost:$TCP/"',
    'curl -s -m 2 --unix-socket "$SOCK" http://x/',
    'curl -s -m 2 --abstract-unix-socket "$ABSTRACT" http://x/',
    "wget -q -T 2 -t 1 -O - http://127.0.0.1:$TCP/",
    "nc -w 1 127.0.0.1 $TCP </dev/null",
    "ssh -o BatchMode=yes -o ConnectTimeout=2 -p $TCP 127.0.0.1 true",
    "timeout 2 git ls-remote http://127.0.0.1:$TCP/x",
    "timeout 2 git clone -q git://127.0.0.1:$TCP/x",
    "python3 -m pip -q --disable-pip-version-check --timeout 1 --retries 0 download x -i http://127.0.0.1:$TCP/ 2>&1",
    "timeout 3 npm ping --registry http://127.0.0.1:$TCP/ --fetch-retries 0",
    "DOCKER_HOST=unix://$SOCK timeout 2 docker ps",
    "openssl s_client -connect 127.0.0.1:$TCP </dev/null",
    "setsid -f curl -s -m 2 http://127.0.0.1:$TCP/; sleep 0.2",
    python('import os,socket; socket.create_connection(("127.0.0.1",int(os.environ["TCP"])))'),
    python(
        'import os,socket; socket.socket(2,2).sendto(b"x",("127.0.0.1",int(os.environ["UDP"])))'
    ),
    python(
        'import os,socket; socket.socket(10,1).connect(("::ffff:127.0.0.1",int(os.environ["TCP"])))'
    ),
    python(
        'import os,socket; socket.socket(2,1,262).connect(("127.0.0.1",int(os.environ["TCP"])))'
    ),
    python(
        "import os,socket; "
        'socket.socket().sendto(b"x",0x20000000,("127.0.0.1",int(os.environ["TCP"])))'
    ),
    python('import os,socket; socket.socket(1).connect(os.environ["SOCK"])'),
    python('import os,socket; socket.socket(1).connect("\\0"+os.environ["ABSTRACT"])'),
    python('import os,socket; os.symlink(os.environ["SOCK"],"s"); socket.socket(1).connect("s")'),
    python('import os,socket; os.link(os.environ["SOCK"],"s"); socket.socket(1).connect("s")'),
    "perl -MIO::Socket -e 'IO::Socket::INET->new(\"127.0.0.1:$ENV{TCP}\")'",
    'node -e \'require("net").connect(process.env.TCP,"127.0.0.1").on("error",()=>{})\'',
    'ruby -rsocket -e \'TCPSocket.new("127.0.0.1",ENV["TCP"])\'',
    python('import socket; socket.socket(40,1); print("ESC"+"APED")'),
)


def attacks() -> Iterator[Attack]:
    """All rows, in the order of the kinds."""
    yield from (Attack("remove", row) for row in REMOVES)
    yield from (Attack("write", row) for row in WRITES)
    yield from (Attack("start-up file", row) for row in STARTUP)
    yield from (Attack("host", row, needs, harms_host=True) for row, needs in HOST)
    yield from (Attack("signal", row) for row in SIGNALS)
    yield from (Attack("survivor", row) for row in SURVIVORS)
    yield from (Attack("protected", row) for row in PROTECTED)
    yield from (Attack("metadata", row) for row in METADATA_ROWS)
    yield from (Attack("owner", row) for row in OWNERS)
    yield Attack("memory", 'echo x > "$SHARED"')
    yield Attack("memory", 'rm -f "$SHARED"')
    yield from (Attack("read", row) for row in READS)
    yield from (Attack("connection", row) for row in CONNECTIONS)
    yield from (Attack("kernel", row) for row in KERNEL)
    yield from (Attack("kernel", row, harms_host=True) for row in KERNEL_HARMS_HOST)
    yield from (Attack("signal", row) for row in NEIGHBOURS)
    yield from (Attack("write", row) for row in ODD_WRITES)
    yield from (Attack("read", row) for row in ODD_READS)
    yield from (Attack("connection", row) for row in ODD_CONNECTIONS)
    yield from (Attack("metadata", row) for row in ODD_METADATA)
