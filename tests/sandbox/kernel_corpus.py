"""More commands that do harm, by what few programs use: calls of the kernel, odd ways to a file, neighbours.

Their variables are those of `corpus.py`. Numbers of system calls are those of x86-64.
"""

from __future__ import annotations


def python(code: str) -> str:
    """The command that runs the code, which holds no single quotes."""
    assert "'" not in code
    return f"python3 -c '{code}'"


def call(number: int, arguments: str, *, after: str = "") -> str:
    """The command that makes a system call, and says so when the kernel did it."""
    return python(
        "import ctypes,os; c=ctypes.CDLL(None,use_errno=True); "
        f'r=c.syscall({number},{arguments}); print("ESC"+"APED" if r>=0 else ""); {after}'
    )


def socket_of(family: int, kind: int = 3) -> str:
    """The command that opens a socket of a family which nobody needs."""
    return python(f'import socket; socket.socket({family},{kind}); print("ESC"+"APED")')


def opened(devices: str) -> str:
    """The command that opens device files."""
    return f'for d in {devices}; do [ -c "$d" ] && (exec 3<"$d") 2>/dev/null && echo ESCAPED; done'


KERNEL = (
    call(323, "1"),  # userfaultfd
    call(321, "0,(ctypes.c_uint32*32)(1,4,4,1),128"),  # bpf: a map
    call(298, "(ctypes.c_uint32*32)(1,128),0,-1,-1,0"),  # perf_event_open: software events
    call(300, "0,0"),  # fanotify_init
    call(428, '-100,b"/",1'),  # open_tree: a copy of all mounts
    call(430, 'b"tmpfs",0'),  # fsopen
    call(248, 'b"user",b"holdfast-x",b"x",1,-1'),  # add_key
    call(
        435, "(ctypes.c_uint64*11)(0x10000000,0,0,0,17),88", after="r==0 and os._exit(0)"
    ),  # clone3
    call(272, "0x10000000"),  # unshare: a namespace of users
    call(425, "8,(ctypes.c_char*120)()"),  # io_uring_setup
    "unshare -rm sh -c 'mount -t tmpfs none \"$OUT\" && echo ESCAPED'",
    'unshare -rm sh -c "mkdir l u w m; mount -t overlay none -o lowerdir=l,upperdir=u,workdir=w m" && echo ESCAPED',
    "unshare -n true && echo ESCAPED",
    "unshare -i true && echo ESCAPED",
    opened("/dev/fuse /dev/net/tun /dev/loop-control /dev/kvm /dev/kmsg /dev/uinput /dev/mem"),
    opened("/dev/tty[0-9]* /dev/pts/[0-9]* /dev/console"),
    python(
        'import os; f=os.open("s",os.O_CREAT|os.O_WRONLY,0o4755); os.write(f,b"x"); '
        'print("ESC"+"APED" if os.fstat(f).st_mode & 0o4000 else "")'
    ),
    python('import os; os.open(".",os.O_TMPFILE|os.O_RDWR,0o4755); print("ESC"+"APED")'),
    python('import os; os.mknod("s",0o104755); print("ESC"+"APED")'),
    call(85, 'b"s",0o4755'),  # creat
    call(437, '-100,b"s",(ctypes.c_uint64*3)(os.O_CREAT|1,0o4755,0),24'),  # openat2
    "cp /bin/true s && setcap cap_net_raw+ep s && echo ESCAPED",
    socket_of(38, 5),  # AF_ALG
    socket_of(17),  # AF_PACKET
    python('import socket; socket.socket(2,3,1); print("ESC"+"APED")'),  # a raw one
)
"""Parts of the kernel by which programs got out of sandboxes before."""

KERNEL_HARMS_HOST = (
    "cat /proc/sys/kernel/modprobe > p && cat p > /proc/sys/kernel/modprobe && echo ESCAPED",
    "cat /sys/kernel/uevent_helper > p && cat p > /sys/kernel/uevent_helper && echo ESCAPED",
    "echo 1 > /proc/sys/net/ipv4/ip_forward && echo ESCAPED",
    "echo $$ > /sys/fs/cgroup/cgroup.procs && echo ESCAPED",
    "ip link set lo mtu 1400 && echo ESCAPED",
    python(
        'import os; os.setpriority(2,0,3); n=os.getpriority(0,int(os.environ["OTHER"])); '
        'print("ESC"+"APED" if n==3 else "")'
    ),
    call(251, "3,0,7<<13"),  # ioprio_set for all processes of the user
)
"""The same, where it would stay or reach all processes of the user."""

NEIGHBOURS = (
    python(
        "import os,fcntl,socket; a,b=socket.socketpair(); "
        'fcntl.fcntl(a,fcntl.F_SETOWN,int(os.environ["OTHER"])); fcntl.fcntl(a,10,9); '
        "fcntl.fcntl(a,fcntl.F_SETFL,os.O_ASYNC|os.O_NONBLOCK); b.send(bytes(1))"
    ),
    call(438, 'os.pidfd_open(int(os.environ["OTHER"])),1,0'),  # pidfd_getfd
    call(101, '16,int(os.environ["OTHER"]),0,0'),  # ptrace: attach
    call(101, '0x4206,int(os.environ["OTHER"]),0,0'),  # ptrace: seize
    call(312, 'os.getpid(),int(os.environ["OTHER"]),0,0,0'),  # kcmp
    "echo 4 > /proc/$OTHER/clear_refs && echo ESCAPED",
    "echo 0 > /proc/$OTHER/coredump_filter && echo ESCAPED",
    'exec 3<"/proc/$OTHER/fd/1" && echo ESCAPED',
    "ls /proc/$OTHER/map_files/* && echo ESCAPED",
    "cat /proc/$OTHER/syscall /proc/$OTHER/stack && echo ESCAPED",
    "kill -STOP $OTHER && grep -q 'State:.T' /proc/$OTHER/status && kill -KILL $OTHER",
)
"""Ways to another process that are not a plain signal."""

ODD_WRITES = (
    'rm -rf /proc/1/root"$OUT"',
    'fallocate -l 9 "$OUT/file"',
    'fallocate -p -o 0 -l 4 "$OUT/file"',
    'mkdir d && mv d "$OUT/"',
    "cd .. && mv workspace moved && mv moved workspace && echo ESCAPED",
    'git worktree add -q "$OUT/wt"',
    'ssh-keygen -q -t ed25519 -N "" -f "$OUT/key"',
    'cp -r --reflink=auto .git "$OUT/copy"',
    python(
        'import os; f=os.open(os.environ["OUT"]+"/file",os.O_PATH); '
        'os.truncate(f"/proc/self/fd/{f}",0)'
    ),
    python(
        'import os; os.chdir(os.open(os.environ["OUT"],os.O_PATH)); open("late","w").write("x")'
    ),
    python(
        'import os; f=os.open(".",os.O_TMPFILE|os.O_RDWR); os.write(f,b"x"); '
        'os.link(f"/proc/self/fd/{f}",os.environ["OUT"]+"/late",src_dir_fd=f)'
    ),
    python('import os,socket; o=os.environ["OUT"]+"/s"; s=socket.socket(1); s.bind(o)'),
    'mkdir -p a && ln -s "$OUT" a/b && tar cf - tracked | tar xf - -C a/b',
    'mkdir x && ln -s "$OUT/file" x/tracked && cp --remove-destination tracked x/ && cp -T tracked "$OUT/file"',
    'perl -e \'symlink $ENV{OUT}, "d"; open F, ">", "d/new"; print F 1\'',
)

ODD_READS = (
    'cat /proc/1/root"$SECRET"',
    "printf 'protocol=https\\nhost=x\\n\\n' | git credential-store --file ~/.git-credentials get",
    "cat ~/.config/gh/hosts.yml",
    "cat ~/.kube/config",
    "python3 -c 'import netrc; print(netrc.netrc().authenticators(\"x\"))'; cat ~/.netrc",
    python(
        'import os; f=os.open(os.environ["SECRET"],os.O_PATH); '
        'print(open(f"/proc/self/fd/{f}").read())'
    ),
    python(
        'import os; os.chdir(os.open(os.path.dirname(os.environ["SECRET"]),os.O_PATH)); '
        'print(open("id_ed25519").read())'
    ),
    python(
        'import os; f=os.open(os.environ["SECRET"],os.O_PATH); '
        'os.link(f"/proc/self/fd/{f}","hard",src_dir_fd=f); print(open("hard").read())'
    ),
    python(
        'import os,re,ctypes; n=int(os.environ["OTHER"]); '
        's=[int(x,16) for x in re.search("(.*)-(.*) rw.*stack",open(f"/proc/{n}/maps").read()).groups()]; '
        "z=s[1]-s[0]; b=ctypes.create_string_buffer(z); p=ctypes.c_uint64*2; "
        "ctypes.CDLL(None).syscall(310,n,p(ctypes.addressof(b),z),1,p(s[0],z),1,0); print(b.raw)"
    ),
    'make -f "$SECRET" 2>&1; cat < "$SECRET"',
    'exec 6<"$SECRET"; cat /dev/fd/6',
    'cp --reflink=auto -r "$(dirname "$SECRET")" taken',
    'cd "$(dirname "$SECRET")" && cat id_ed25519',
)

ODD_CONNECTIONS = (
    'SSH_AUTH_SOCK="$SOCK" timeout 2 ssh-add -l',
    'timeout 2 gpg-connect-agent --no-autostart -S "$SOCK" /bye',
    python(
        "import os,socket; s=socket.socket(1,1); s.setblocking(False); "
        's.connect_ex(os.environ["SOCK"])'
    ),
    python(
        "import os,socket,threading; t=threading.Thread(target=lambda: "
        'socket.create_connection(("localhost",int(os.environ["TCP"])))); t.start(); t.join()'
    ),
    'env -i PATH="$PATH" bash -c "exec 3<>/dev/tcp/127.0.0.1/$TCP"',
    'http_proxy="http://127.0.0.1:$TCP" curl -s -m 2 http://example.com/',
)

ODD_METADATA = (
    python('import os; os.chmod("/proc/self/cwd/../outside/file",0o600)'),
    python(
        'import os; f=os.open(os.environ["OUT"]+"/file",os.O_PATH); os.utime(f"/proc/self/fd/{f}",(1,1))'
    ),
    'cp -p tracked x; cp --attributes-only -p x "$OUT/file"; touch -r /etc/hostname "$OUT/file"',
)
