"""This module has the table of programs that run what their words say, and where that begins.

A program that is in none of the tables here may run any of its words. To add a wrapper:
find its options that take a word, how many other words come before the command, and which of its
options take a whole command line. An option that is missing here makes the words unclear, and
then a person is asked; so a row too short is the smaller mistake.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, TypeAlias

from lsp_server.tools.read_only import READ_ONLY_PROGRAMS
from lsp_server.tools.shell_syntax import word_set

Rest: TypeAlias = Literal["command", "line", "lines", "unclear", "data"]


@dataclass(frozen=True, slots=True)
class Wrapper:
    """A `Wrapper` says where among the words of a program the command begins that it runs.

    `values` are the options that take a word, `lines` those that take a command line, and
    `starts` those behind which the command begins. `operands` words come before the
    command otherwise, and `rest` says what follows them: the words of a `command`; words that
    are joined to a `line`; `lines`, each one by itself; words of which it is `unclear`; or `data`.
    With one of the options `looks` nothing runs. With `reads_input` it takes commands from its
    input where the words have none, with `adds_words` it adds words to the command.
    """

    values: frozenset[str] = frozenset()
    operands: int = 0
    rest: Rest = "command"
    lines: frozenset[str] = frozenset()
    starts: frozenset[str] = frozenset()
    looks: frozenset[str] = frozenset()
    reads_input: bool = False
    adds_words: bool = False


def _of(
    values: str = "",
    operands: int = 0,
    rest: Rest = "command",
    *,
    lines: str = "",
    starts: str = "",
    looks: str = "",
    reads_input: bool = False,
    adds_words: bool = False,
) -> Wrapper:
    options = map(word_set, (values, lines, starts, looks))
    taken, line_options, start_options, look_options = options
    return Wrapper(
        taken, operands, rest, line_options, start_options, look_options, reads_input, adds_words
    )


def _same(names: str, wrapper: Wrapper) -> Iterator[tuple[str, Wrapper]]:
    return ((name, wrapper) for name in names.split(","))


_CONTAINER_VALUES = """
    -a -c -e -h -l -m -p -u -v -w --add-host --annotation --attach --cap-add --cap-drop --cidfile
    --cpus --cpuset-cpus --device --dns --entrypoint --env --env-file --expose --gpus --group-add
    --hostname --ip --ipc --label --link --log-driver --log-opt --memory --mount --name --network --net
    --pid --platform --pod --privileged --publish --pull --restart --runtime --security-opt --shm-size
    --stop-signal --stop-timeout --sysctl --tmpfs --ulimit --user --userns --volume --volumes-from
    --workdir -f --file --project-name --profile
"""
_PYTHON_RUN = "-p --python --with --with-editable --with-requirements --extra --group --env-file"
_ROOT = """
    -u -g -h -p -C -D -R -r -t -T -U --user --group --host --prompt --close-from --chdir --chroot --role
    --type --command-timeout --other-user
"""
_AS_USER = "-g -G -s -w --group --supp-group --shell --whitelist-environment"
_TRACE = "-a -A -b -D -F -I -O -o -p -P -s -S -u -U -w -x -X -n -l -E -e --output --attach"

WRAPPERS: Mapping[str, Wrapper] = MappingProxyType(
    dict(
        [
            # Priorities, limits, time, input and output.
            *_same("nice", _of("-n --adjustment")),
            *_same("ionice", _of("-c -n -p -P -u --class --classdata --pid --pgid --uid")),
            *_same("chrt", _of("-T -P -D", 1)),
            *_same("taskset,setarch,arch", _of(operands=1)),
            *_same("timeout,gtimeout", _of("-s -k --signal --kill-after", 1)),
            *_same("stdbuf", _of("-i -o -e --input --output --error")),
            *_same("prlimit", _of("-p --pid -o --output")),
            *_same("cpulimit", _of("-l -p -e --limit --pid --exe")),
            *_same("numactl", _of("-m -N -C -p -i --membind --cpunodebind --physcpubind")),
            *_same("cgexec", _of("-g")),
            *_same("caffeinate", _of("-t -w")),
            *_same("systemd-inhibit", _of("--what --who --why --mode")),
            *_same("time,gtime", _of("-f -o --format --output")),
            *_same(
                "nohup,setsid,linux32,linux64,chronic,unbuffer,dumb-init,catchsegv,ifne,fakechroot,eatmydata",
                _of(),
            ),
            *_same("fakeroot", _of("-l -s -i -b")),
            *_same("rlwrap", _of("-a -b -C -D -f -g -H -l -m -M -P -q -s -S -t -w -z")),
            *_same("tini", _of("-p -e")),
            *_same("faketime", _of("-f", 1)),
            *_same("retry", _of("-t -s -b -d --times --delay --backoff")),
            *_same("start-stop-daemon", _of(rest="unclear", starts="--")),
            # Another user, another root, another space of names.
            *_same("sudo", _of(_ROOT)),
            *_same("doas", _of("-u -C")),
            *_same("pkexec", _of("--user")),
            *_same(
                "run0", _of("-u -g -D --user --group --nice --chdir --setenv --property --unit")
            ),
            *_same("gosu,su-exec,setuidgid,envdir,envchain", _of(operands=1)),
            *_same("chpst", _of("-u -U -b -e -/ -n -l -L -m -d -o -p -f -c -r -t")),
            *_same(
                "su",
                _of(
                    _AS_USER,
                    rest="unclear",
                    lines="-c --command --session-command",
                    reads_input=True,
                ),
            ),
            *_same("runuser", _of(f"-u --user {_AS_USER}", lines="-c --command --session-command")),
            *_same("sg", _of(operands=1, rest="line", lines="-c")),
            *_same("chroot", _of("--groups --userspec", 1)),
            *_same(
                "setpriv",
                _of(
                    """--ruid --euid --reuid --rgid --egid --regid --groups --inh-caps --ambient-caps
                    --bounding-set --securebits --pdeathsig --selinux-label --apparmor-profile"""
                ),
            ),
            *_same(
                "unshare", _of("-S -G -R -w --setuid --setgid --root --wd --map-user --map-group")
            ),
            *_same("nsenter", _of("-t -S -G --target --setuid --setgid")),
            *_same("capsh", _of(rest="unclear")),
            *_same("firejail,winpty,sem,stdoutisatty", _of()),
            *_same(
                "bwrap", _of("--bind --ro-bind --chdir --tmpfs --proc --dev --setenv --uid --gid")
            ),
            *_same("proot", _of("-r -b -w -q -S -R")),
            *_same("sandbox-exec", _of("-f -n -p -D")),
            # Services, sessions, terminals, and what runs later.
            *_same(
                "systemd-run", _of("-p -u -H -M -E --property --unit --uid --gid --setenv --slice")
            ),
            *_same("dbus-run-session,dbus-launch", _of("--config-file --dbus-daemon")),
            *_same(
                "xvfb-run",
                _of("-e -f -n -p -s -w --error-file --auth-file --server-num --server-args --wait"),
            ),
            *_same("screen", _of("-c -e -h -p -s -S -t -T")),
            *_same("tmux,zellij,byobu,hyperfine,concurrently", _of(rest="lines")),
            *_same(
                "xterm,konsole,gnome-terminal,alacritty,kitty",
                _of(rest="unclear", starts="-e -x --"),
            ),
            *_same(
                "script",
                _of("-I -O -B -T -m", rest="unclear", lines="-c --command", reads_input=True),
            ),
            *_same(
                "at,batch,crontab,newgrp,login", _of("-f -q -t", rest="unclear", reads_input=True)
            ),
            *_same("watch", _of("-n --interval -q --equexit", rest="line")),
            *_same("entr", _of(rest="line")),
            *_same(
                "watchexec", _of("-w -e -f -i -d -s --watch --exts --filter --ignore", rest="line")
            ),
            *_same("nodemon", _of("-w -e --watch --ext", lines="-x --exec", rest="unclear")),
            *_same("flock", _of("-w -E --timeout --conflict-exit-code", 1, lines="-c --command")),
            # Those that make words of what they read or find.
            *_same(
                "xargs",
                _of(
                    """-a -d -E -I -L -n -P -s -J -R --arg-file --delimiter --max-args --max-lines
                    --max-procs --max-chars""",
                    adds_words=True,
                ),
            ),
            *_same(
                "parallel", _of("-j -a --jobs --arg-file --joblog", rest="line", adds_words=True)
            ),
            *_same("find", _of(rest="data", starts="-exec -execdir -ok -okdir", adds_words=True)),
            *_same("rg", _of(rest="data", lines="--pre --hostname-bin")),
            *_same("sort", _of(rest="data", lines="--compress-program")),
            *_same(
                "fd,fdfind", _of(rest="data", starts="-x -X --exec --exec-batch", adds_words=True)
            ),
            # Other machines and containers.
            *_same(
                "ssh,autossh,mosh",
                _of(
                    "-B -b -c -D -E -e -F -I -i -J -L -l -m -M -O -o -p -P -Q -R -S -W -w",
                    1,
                    "line",
                    reads_input=True,
                ),
            ),
            *_same("sshpass", _of("-p -f -d -P")),
            *_same("docker run,podman run,nerdctl run", _of(_CONTAINER_VALUES, 1)),
            *_same("docker exec,podman exec,nerdctl exec", _of(_CONTAINER_VALUES, 1)),
            *_same("docker container run,docker container exec", _of(_CONTAINER_VALUES, 1)),
            *_same("podman container run,podman container exec", _of(_CONTAINER_VALUES, 1)),
            *_same("docker compose run,docker compose exec", _of(_CONTAINER_VALUES, 1)),
            *_same("docker-compose run,docker-compose exec", _of(_CONTAINER_VALUES, 1)),
            *_same("kubectl exec,oc exec", _of("-c -n --container --namespace --context", 1)),
            *_same(
                "kubectl run,oc run,lxc exec,toolbox run,distrobox enter",
                _of(rest="unclear", starts="--"),
            ),
            *_same("vagrant ssh", _of(lines="-c --command", rest="unclear")),
            *_same("adb shell,wsl", _of("-d -u -s", rest="line")),
            # Environments of languages and projects.
            *_same("env", _of("-u -C --unset --chdir", lines="-S --split-string")),
            *_same("conda run,mamba run,micromamba run", _of("-n -p -r --name --prefix --cwd")),
            *_same(
                "uv run,uv tool run,uvx,pipx run",
                _of(f"{_PYTHON_RUN} --directory --project --from"),
            ),
            *_same("poetry run", _of("-C -P --directory --project")),
            *_same(
                "pdm run,rye run,pixi run", _of("-p -e --project --environment --manifest-path")
            ),
            *_same("pipenv run,hatch run,bundle exec,rbenv exec,pyenv exec,nodenv exec", _of()),
            *_same("direnv exec,asdf exec,mise exec,mise x,hatch shell", _of(operands=1)),
            *_same(
                "nix-shell", _of("-p -E -I -A --packages", rest="unclear", lines="--run --command")
            ),
            *_same(
                "nix develop,nix shell,guix shell", _of(rest="unclear", starts="-c --command --")
            ),
            *_same("npx,npm exec,npm x", _of("-p --package -w --workspace", lines="-c --call")),
            *_same("pnpm exec,pnpm dlx,pnpm", _of("--package -C --dir --filter -F")),
            *_same(
                "yarn exec,yarn dlx,yarn run,yarn,bunx,bun x,bun run", _of("-p --package --cwd")
            ),
            *_same("cargo watch", _of("-w -i -d", rest="unclear", lines="-s -x --shell --exec")),
            # Secrets from elsewhere.
            *_same("doppler run", _of("-p -c -t --project --config --token", lines="--command")),
            *_same("op run", _of("--env-file --account")),
            *_same("aws-vault exec,chamber exec", _of("-d -n --duration", 1)),
            *_same("sops exec-env,sops exec-file", _of(operands=1, rest="line")),
            *_same("infisical run,teller run", _of("--env --path --projectId")),
            *_same("dotenv run", _of()),
            *_same("dotenv,dotenvx run,env-cmd,cross-env", _of("-f -e -c -p -v --file")),
            *_same("foreman run,heroku run,heroku local:run", _of("-e -f -d -a -p --env --app")),
            # Tracing, other networks, other compilers, and all in one.
            *_same("strace,ltrace", _of(_TRACE)),
            *_same("gdb", _of(rest="unclear", starts="--args -args")),
            *_same("lldb", _of(rest="unclear", starts="--")),
            *_same("valgrind,torsocks,torify,tsocks,ccache,distcc,sccache,coreutils", _of()),
            *_same(
                "perf stat,perf record,perf trace", _of("-e -o -p -t -C -F -I -r --event --output")
            ),
            *_same("proxychains,proxychains4", _of("-f")),
            *_same("busybox,toybox", _of()),
            # What the shell itself runs.
            *_same("command", _of(looks="-v -V")),
            *_same("exec", _of("-a")),
            *_same("builtin", _of()),
            *_same("eval", _of(rest="line")),
            *_same("trap,alias", _of(rest="lines")),
            *_same("source,.", _of(rest="data", reads_input=True)),
            *_same("mapfile,readarray", _of("-d -n -O -s -u -c", rest="data", lines="-C")),
            *_same("complete,compgen", _of("-A -G -W -P -S -X -o -F", rest="unclear", lines="-C")),
            # Subcommands of git.
            *_same("git bisect run", _of()),
            *_same("git submodule foreach", _of(rest="line")),
            *_same("git rebase", _of(rest="data", lines="-x --exec")),
            *_same("git difftool,git mergetool", _of(rest="data", lines="-x --extcmd")),
            *_same("git filter-branch,git for-each-repo", _of(rest="unclear")),
        ]
    )
)
"""By the name of the program, or the name and its subcommand."""

SHELLS = word_set("""
    sh bash dash zsh ksh ksh93 mksh fish ash rbash csh tcsh yash osh elvish nu xonsh
""")
"""Programs that take a command line behind `-c`, or read a file, or their input."""

EVALUATORS = word_set("""
    let declare typeset local export readonly test [ [[ printf read unset mapfile readarray complete
    compgen getopts wait
""")
"""What the shell itself runs and evaluates substitutions for, in names with a subscript."""

GIT_COMMANDS = word_set("""
    add am annotate apply archive bisect blame branch bugreport bundle cat-file check-attr check-ignore
    check-mailmap check-ref-format checkout checkout-index cherry cherry-pick clean clone column commit
    commit-graph commit-tree config count-objects describe diagnose diff diff-files diff-index diff-tree
    difftool fast-export fast-import fetch filter-branch for-each-ref format-patch fsck gc grep
    hash-object help init index-pack interpret-trailers log ls-files ls-remote ls-tree maintenance
    merge merge-base merge-file merge-tree mergetool mktag mktree mv name-rev notes pack-objects
    pack-refs patch-id prune pull push range-diff read-tree rebase reflog remote repack replace rerere
    reset restore rev-list rev-parse revert rm shortlog show show-branch show-ref sparse-checkout stage
    stash status stripspace submodule switch symbolic-ref tag unpack-objects update-index update-ref
    var verify-commit verify-pack verify-tag version whatchanged worktree write-tree
""")
"""Others may be aliases, which stand for any command, or push under another name."""

PLAIN: frozenset[str] = frozenset(READ_ONLY_PROGRAMS) | word_set("""
    : [ [[ test cd pushd popd dirs export set shift return exit wait read let declare typeset local
    readonly unset umask ulimit type getopts break continue sleep mkdir rmdir rm unlink touch chmod chown
    chgrp tee truncate mktemp gzip gunzip unzip make cargo go git kill pkill ps pytest ruff mypy
    eslint tsc help curl wget jq
""")
"""Programs that run none of their words."""


def wrapper_names(program: str) -> Iterable[tuple[tuple[str, ...], Wrapper]]:
    """Returns the rows for a program, each with its subcommand, the longest first.

    >>> [subcommand for subcommand, _ in wrapper_names("npm")]
    [('exec',), ('x',)]
    """
    return _BY_PROGRAM.get(program, ())


def _by_program() -> Mapping[str, tuple[tuple[tuple[str, ...], Wrapper], ...]]:
    found: dict[str, list[tuple[tuple[str, ...], Wrapper]]] = {}
    for name, wrapper in WRAPPERS.items():
        program, *subcommand = name.split()
        found.setdefault(program, []).append((tuple(subcommand), wrapper))
    return {
        program: tuple(sorted(rows, key=lambda row: -len(row[0])))
        for program, rows in found.items()
    }


_BY_PROGRAM = _by_program()
