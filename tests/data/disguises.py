"""Command lines that run `rm` or `git push` in one disguise or another, and some that do not.

A line each; `⏎` stands for a new line within one.
"""

from __future__ import annotations

GRAMMAR = r"""
true && \⏎  rm -rf x
git \⏎  -C . \⏎ push
time -p rm x
time -- rm x
! time -p git push
function f { rm x; }; f
function f () { rm x; }; f
function f if true; then rm x; fi
coproc N { rm x; }
coproc rm x
coproc N if true; then rm x; fi
coproc N while rm x; do :; done
for f do rm $f; done
for f in a b; do rm $f; done
for ((i=0;i<1;i++)); do rm x; done
for ((;;)) { rm x; }
select f in a; do rm $f; done
select f do rm x; done
case a in a) rm x;; esac
case a in (a) rm x;; esac
case a in a|b) rm x;& c) ls;; esac
until rm x; do :; done
while ! rm x; do :; done
if ! rm x; then :; fi
if ls; then ls; elif rm x; then ls; fi
cat <(rm x)
tee >(rm x)
ls & rm x
ls |& rm x
ls || rm x
(rm x)
((1)) && rm x
{ rm x; }
[[ -e x ]] && rm x
ls > $(rm x)
A=$(rm x)
A=`rm x` ls
a[$(rm x)]=1
a=([$(rm x)]=1)
echo "`rm x`"
echo "$(⏎rm x⏎)"
ls # x⏎rm x
cat <<E⏎$(rm x)⏎E
cat <<E; rm x⏎E
ls;rm x
ls⏎	rm x
echo ${a[$(rm x)]}
echo "${x:-$(rm y)}"
echo ${x/$(rm y)/}
echo $(( a[$(rm x)] ))
(( a[$(rm x)] ))
"""

SPELLING = r"""
/bin/rm x
../../bin/rm x
./rm x
RM x
rm.exe x
\rm x
r\m x
'r'm x
"r"'m' x
r""m x
$'rm' x
$'\x72m' x
r? x
/bin/r* x
{rm,x}
rm{,} x
~/../bin/rm x
$(echo rm) x
`echo rm` x
${A:-rm} x
git pus* origin
git pu?h
git [p]ush
git -C . pus[h]
git-push origin
/usr/lib/git-core/git-push
/usr/lib/git-core/git push
GIT_DIR=x git push
git --git-dir x push
git --git-dir=x --work-tree=y push
git -c a=b push
X=rm; $X y
X='rm y'; eval "$X"
cp /bin/rm y && ./y x
ln -s /bin/rm y; ./y x
hash -p /bin/rm y; y x
alias y='rm x'; y
alias y=rm⏎y x
"""

BUILTINS = r"""
trap 'rm x' EXIT
trap -- 'rm x' EXIT
trap "rm x" 0; exit
trap 'git push' DEBUG
eval rm x
eval "rm" x
eval 'eval "rm x"'
builtin eval 'rm x'
command eval 'rm x'
command -p rm x
command -- rm x
exec rm x
exec -a ls rm x
exec -cl rm x
exec -c -a x rm y
let 'a[$(rm x)]=1'
let "a[`rm x`]=1"
let 'a[$(rm x)]' b
declare 'a[$(rm x)]=1'
declare -i 'a=b[$(rm x)]'
typeset 'a[$(rm x)]=1'
export 'a[$(rm x)]=1'
test -v 'a[$(rm x)]'
[ -v 'a[$(rm x)]' ]
[[ -v 'a[$(rm x)]' ]]
[[ 'a[$(rm x)]' -eq 1 ]]
printf -v 'a[$(rm x)]' y
read 'a[$(rm x)]' <<< 1
unset 'a[$(rm x)]'
a='b[$(rm x)]'; ((a))
mapfile -C 'rm x' -c 1 a < f
mapfile -c1 -C'rm x' a < f
readarray -C 'rm x;' -c 1 a
complete -C 'rm x' y
compgen -C 'rm x' y
compgen -W '$(rm x)'
PS4='$(rm x)'; set -x; :
BASH_ENV=<(echo rm x) bash -c :
"""

SHELLS = r"""
bash -c 'rm x'
bash -lc 'rm x'
bash -ce 'rm x'
bash -c -e 'rm x'
bash -o posix -c 'rm x'
bash +x -c 'rm x'
bash --norc -c 'rm x'
bash --rcfile f -c 'rm x'
bash -c '$0 x' rm
bash -c '"$@"' _ rm x
bash -c 'eval "$1"' _ 'rm x'
sh -c 'sh -c "rm x"'
zsh -c 'rm x'
fish -c 'rm x'
fish --command='rm x'
ksh -c 'rm x'
busybox ash -c 'rm x'
bash <<< 'rm x'
bash <<E⏎rm x⏎E
echo 'rm x' | bash
echo 'rm x' | sudo bash
echo 'rm x' | env bash -s
echo 'rm x' | bash -s rm
echo 'rm x' | bash /dev/stdin
echo 'rm x' | bash /dev/fd/0
echo 'rm x' | bash -
. /dev/stdin <<< 'rm x'
source <(echo rm x)
. <(echo rm x)
bash <(echo rm x)
sudo su -c 'rm x'
su -c 'rm x'
su root -c 'rm x'
su - root -c 'rm x'
su -lc 'rm x' root
su --command='rm x'
su root --command 'rm x'
echo rm x | su
sg grp 'rm x'
sg grp -c 'rm x'
newgrp - <<< 'rm x'
"""

GIT = r"""
git -c alias.p=push p
git -c alias.p='!rm x' p
git -calias.p=push p
git --config-env=alias.p=X p
git config alias.p push
git config --global alias.p '!rm x'; git p
git p origin
git send-pack origin
git --exec-path=. status
git -c core.sshCommand='rm x' fetch
git -c core.pager='rm x' log
git bisect run rm x
git submodule foreach 'rm x'
git submodule foreach --recursive rm x
git -C . submodule --quiet foreach 'git push'
git rebase -x 'rm y' HEAD~1
git rebase --exec='rm y' HEAD~1
git rebase --exec 'git push' HEAD~1
git filter-branch --tree-filter 'rm x' HEAD
git filter-branch --index-filter='rm x'
git difftool -x 'rm x'
git difftool --extcmd='rm x'
GIT_SSH_COMMAND='rm x' git fetch
GIT_PAGER='rm x' git -p log
PAGER='rm x' man ls
"""

MANY = r"""
echo push | xargs git
echo push | xargs -n1 git
ls | xargs rm
ls | xargs -0 -P 4 -I{} rm {}
ls | xargs -I % sh -c 'rm %'
ls | xargs -I% sh -c %
echo rm x | xargs -I{} {}
echo x | xargs sh -c 'rm "$@"' _
xargs -a list git
xargs --arg-file=list rm
find . -exec rm {} +
find . -exec rm {} \;
find . -execdir rm {} \;
find . -ok rm {} \;
find . -okdir rm {} \;
find . -exec echo {} \; -exec rm {} \;
find . -exec sh -c 'rm "$1"' _ {} \;
find . -exec {} x \;
find . -delete
find . -name x -delete
find . -exec git push \;
find . -maxdepth 0 -exec git -C {} push \;
fd x -x rm
fd x --exec rm {}
fd -X rm
parallel rm ::: a b
parallel 'rm {}' ::: x
parallel ::: 'rm a' 'rm b'
parallel -j2 rm {} < list
echo 'rm x' | parallel
parallel git ::: push
ls | entr rm x
ls | entr -s 'rm x'
ls | entr -r rm /_
watch rm x
watch -n 1 'rm x'
watch -x rm x
watchexec rm x
watchexec -e py -- rm x
nodemon --exec 'rm x'
cargo watch -s 'rm x'
"""

WRAPPERS = r"""
nice rm x
nice -n 5 rm x
nice -n5 rm x
nice -5 rm x
nice --adjustment=5 rm x
ionice -c3 rm x
ionice -c 2 -n 7 rm x
timeout 5 rm x
timeout -k 1 5 rm x
timeout -s KILL 5s rm x
timeout --signal=KILL 5 rm x
timeout --preserve-status 5 rm x
timeout -- 5 rm x
timeout $N ls
stdbuf -oL rm x
stdbuf -o L -e 0 rm x
nohup rm x
setsid rm x
setsid -w rm x
env -S 'rm x'
env -S'rm x'
env -vS 'rm x'
env --split-string='rm x'
env --split-string 'rm x'
env -S rm x
env -S git push
env -u A -C . B=1 rm x
env - rm x
env -i A=1 -- rm x
sudo rm x
sudo -u root -g x rm y
sudo -E rm x
sudo -nu root rm x
sudo A=1 rm x
sudo -- rm x
sudo -i rm x
sudo -s 'rm x'
sudo -Z echo rm x
doas -u root rm x
chroot / rm x
chroot --userspec=a:b / rm x
chrt -f 10 rm x
chrt --batch 0 rm x
taskset 1 rm x
taskset -c 0,1 rm x
prlimit --nofile=10 rm x
setpriv --reuid 1 --clear-groups rm x
setpriv --reuid=1 rm x
runuser -u nobody rm x
runuser -u nobody -- rm x
runuser -c 'rm x' nobody
runuser nobody -c 'rm x'
unshare -r rm x
unshare --mount --pid -f rm x
nsenter -t 1 -m rm x
nsenter --target 1 --all rm x
screen -dm rm x
screen -dmS a rm x
screen -S a -X stuff 'rm x\n'
tmux new 'rm x'
tmux new-session -d rm x
tmux send-keys 'git push' Enter
tmux send-keys rm Space x Enter
script -c 'rm x' /dev/null
script -qc 'rm x' /dev/null
script -q /dev/null -c 'rm x'
script -q /dev/null rm x
echo 'rm x' | at now
at now <<< 'rm x'
at now <<E⏎rm x⏎E
echo 'rm x' | batch
echo '* * * * * rm x' | crontab -
systemd-run rm x
systemd-run --user --scope rm x
systemd-run -p CPUQuota=1 rm x
dbus-run-session rm x
dbus-run-session -- rm x
xvfb-run rm x
xvfb-run -a -s '-screen 0' rm x
conda run rm x
conda run -n env rm x
conda run --no-capture-output -n env rm x
mamba run -n env rm x
micromamba run -n env rm x
pdm run rm x
hatch run rm x
hatch run 'rm x'
hatch run dev:rm x
poetry run rm x
poetry -C . run rm x
uv run rm x
uv run --with x rm y
uv --quiet run -- rm x
uvx rm x
pipenv run rm x
pixi run rm x
rye run rm x
bundle exec rm x
direnv exec . rm x
mise exec -- rm x
mise x node@20 -- rm x
asdf exec rm x
hyperfine 'rm x'
hyperfine --prepare 'rm x' ls
hyperfine -p 'rm x' 'ls'
hyperfine -w 3 ls 'rm x'
nix-shell --run 'rm x'
nix-shell -p hello --run 'rm x'
nix-shell --command='rm x'
nix develop -c rm x
nix develop .#x --command rm x
nix shell nixpkgs#x -c rm x
docker run image rm x
docker run --rm -v a:b image rm x
docker run --rm -it --entrypoint rm image x
docker exec -it c rm x
docker exec c sh -c 'rm x'
docker compose run web rm x
docker compose -f x.yml exec web rm x
podman run --rm image rm x
podman exec c rm x
kubectl exec pod -- rm x
kubectl exec -it pod -c web -- rm x
ssh host rm x
ssh host 'rm x'
ssh -p 22 -i key user@host -- rm x
ssh -o ProxyCommand='rm x' host
echo rm x | ssh host
sshpass -p x ssh host rm y
flock f rm x
flock -n f -c 'rm x'
flock -w 5 f rm x
strace rm x
strace -f -o log rm x
strace -e trace=file rm x
ltrace -o log rm x
gdb --args rm x
gdb -batch -ex run --args rm x
gdb -ex 'shell rm x'
valgrind rm x
valgrind --tool=none rm x
perf stat rm x
perf record -o f rm x
perf stat -e cycles rm x
time -f %e rm x
/usr/bin/time -v rm x
busybox rm x
busybox sh -c 'rm x'
toybox rm x
coreutils --coreutils-prog=rm x
npx rm x
npx -y -p x rm y
npx -c 'rm x'
npm exec -- rm x
npm exec -c 'rm x'
pnpm exec rm x
pnpm dlx rm x
yarn dlx rm x
yarn exec rm x
yarn run rm x
bunx rm x
bun x rm y
winpty rm x
firejail --quiet rm x
bwrap --ro-bind / / rm x
bwrap --bind / / --dev /dev rm x
faketime '1 day ago' rm x
faketime -f '-1d' rm x
torsocks rm x
proxychains rm x
proxychains4 -f c rm x
ccache rm x
distcc rm x
doppler run -- rm x
doppler run --command 'rm x'
op run -- rm x
op run --env-file=x -- rm y
aws-vault exec prof -- rm x
aws-vault exec prof rm x
chamber exec a b -- rm x
dotenv run rm x
dotenv -f x run -- rm y
dotenv -- rm x
foreman run rm x
heroku run rm x
heroku local:run rm x
sops exec-env f 'rm x'
envdir d rm x
cross-env A=1 rm x
env-cmd -f x rm y
concurrently 'rm x' 'ls'
chpst -u x rm y
gosu user rm x
su-exec user rm x
pkexec rm x
numactl -N 0 rm x
rlwrap -a rm x
fakeroot rm x
fakeroot -- rm x
unbuffer rm x
tini -- rm x
dumb-init rm x
setarch x86_64 rm x
linux32 rm x
caffeinate -i rm x
systemd-inhibit --what=sleep rm x
start-stop-daemon --start --exec /bin/rm -- x
machinectl shell host /bin/rm x
"""

UNKNOWN = r"""
foo rm x
foo --bar git push
foo 'rm x'
foo -c'rm x'
foo --exec=rm x
foo -erm x
perl -e 'system("rm x")'
python -c 'import os; os.system("rm x")'
python3 -c 'import subprocess; subprocess.run(["git", "push"])'
awk 'BEGIN { system("rm x") }'
node -e 'require("child_process").execSync("rm x")'
sed 's/x/rm y/e' f
vim -c '!rm x' -c q
tar cf /dev/null --checkpoint=1 --checkpoint-action=exec='rm x' f
tar xf a --to-command='rm x'
zip a b -T -TT 'rm x'
rsync -e 'rm x' a b:
rg --pre rm x
rg --pre=rm x
sort --compress-program=rm f
sort --compress-program rm f
expect -c 'spawn rm x'
"""

HARMLESS = r"""
ls
timeout 5 grep rm x
timeout 5 make $X
find . -name rm
find . -name '*.py' -exec grep push {} +
grep -rn rm src
rg rm src
echo rm
git rm x
git commit -m 'rm x; git push'
git -c user.name=x commit -m y
git config user.name
git add a b c
git add *.py
git log --grep=push
command -v rm
which rm
type rm
docker run --rm image ls
docker ps
sudo apt-get install x
sudo -u root apt-get install x
xargs grep foo
ls | xargs wc -l
npm run build
npm test
yarn build
uv run pytest -q
uv pip install x
poetry install
bash script.sh
bash -c 'ls -l'
sh -c 'make && ls'
source venv/bin/activate
. ./env.sh
for f in *.py; do echo "$f"; done
if [ -e x ]; then ls; fi
pytest -k 'remove'
make clean
cargo test
cp a b
mkdir -p x/y
touch x
A=1 make
PATH=$PWD/bin:$PATH make
ssh host ls
python -m pytest
python x.py $X
node x.js
cat > f <<E⏎hello⏎E
time make
trap 'kill 0' EXIT
export A=1
cd src && ls
watch -n 1 ls
env A=1 make
nice -n 5 make -j 4
test -f x && ls
[ "$x" = y ] || ls
tmux ls
curl -s https://x.org | head
awk '{print $1}' f
sed -i s/a/b/ f
perl -pe s/a/b/ f
docker compose up -d
"""


def lines(table: str) -> list[str]:
    """Returns the command lines of a table."""
    return [line.replace("⏎", "\n") for line in table.split("\n") if line]
