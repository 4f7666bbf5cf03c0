script=$1/plan.sh
work=$(mktemp -d)
cd "$work" || exit 1
failed=0
fail() { echo "Error: $*" >&2; failed=1; }
[ -e "$script" ] || { echo "Error: there is no plan.sh" >&2; exit 1; }
fresh() { rm -rf old new; mkdir old new; }
# expects STATUS LINE...: words and paths, with a tab between
expects() {
  local status=$1 wanted=''
  shift
  for line in "$@"; do wanted+="${line/ /$'\t'}"$'\n'; done
  got=$(bash "$script" old new 2> errors; echo "status $?")
  [ "$got" = "${wanted}status $status" ] || fail "got: $got, wanted: ${wanted}status $status; $(cat errors)"
}

fresh
expects 0
echo 1 > old/same; echo 1 > new/same
echo 1 > old/changed; echo 2 > new/changed
echo 1 > old/gone
echo 1 > 'new/with space'
echo 1 > old/run; echo 1 > new/run; chmod 755 new/run
echo 1 > old/read; echo 1 > new/read; chmod 600 new/read
ln -s a old/l1; ln -s b new/l1
ln -s a old/l2; ln -s a new/l2
ln -s a old/l3
echo 1 > old/l4; ln -s nowhere new/l4
ln -s same old/l5; echo 1 > new/l5
expects 1 'remove gone' 'remove l3' 'change changed' 'link l1' 'link l4' 'change l5' 'mode run' 'add with space'

fresh
mkdir -p old/a/b/c old/e new/d/e/f new/e
echo 1 > old/a/b/c/x; echo 1 > new/d/e/f/y
expects 1 'remove a/b/c/x' 'rmdir a/b/c' 'rmdir a/b' 'rmdir a' 'mkdir d' 'mkdir d/e' 'mkdir d/e/f' 'add d/e/f/y'

fresh
mkdir -p old/x new/y
echo 1 > old/x/1; echo 1 > new/x; echo 1 > old/y; echo 1 > new/y/1
expects 1 'remove x/1' 'remove y' 'rmdir x' 'mkdir y' 'add x' 'add y/1'

fresh
mkdir -p old/.git/o new/sub/.git; echo 1 > old/.git/o/x; echo 1 > new/sub/.git/x
echo 1 > new/sub/.DS_Store; mkdir old/sub
expects 0
echo 1 > 'old/b\\s"q'; echo 1 > new/Z; echo 1 > new/a; echo 1 > new/_
expects 1 'remove b\\s"q' 'add Z' 'add _' 'add a'

fresh
printf 1 > $'new/t\tb'
expects 3
[ "$(wc -l < errors)" = 1 ] || fail "one line is said of a tab"
fresh
printf 1 > $'old/l\nb'
expects 3
bash "$script" old > out 2> errors
[ "$? $(wc -l < errors) $(wc -c < out)" = '2 1 0' ] || fail "one argument"
bash "$script" old none > out 2> errors
[ "$? $(wc -l < errors) $(wc -c < out)" = '2 1 0' ] || fail "no folder"
rm -rf "$work"
exit $failed
