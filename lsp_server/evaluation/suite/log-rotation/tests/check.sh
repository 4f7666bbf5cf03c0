script=$1/rotate.sh
work=$(mktemp -d)
cd "$work" || exit 1
failed=0
fail() { echo "Error: $*" >&2; failed=1; }
# check NAME CONTENT: what is in a file, or "-" for none
check() {
  if [ "$2" = - ]; then
    [ -e "$1" ] && fail "$1 is there"
  elif [ "$(cat -- "$1" 2>&1)" != "$2" ]; then
    fail "$1 has '$(cat -- "$1" 2>&1)' and not '$2'"
  fi
}

for name in plain 'with space' 'st*r' "quo'te" -dash; do
  rm -rf -- ./*
  for n in 1 2 3 9 10 11; do echo "$n" > "./$name.$n"; done
  echo new > "./$name"
  chmod 640 "./$name"
  for other in old 01 1.gz; do echo "$other" > "./$name.$other"; done
  echo x > "OTHER$name.1"
  bash "$script" "$name" 5 || fail "exit status for $name"
  check "./$name" ""
  [ "$(stat -c %a "./$name")" = 640 ] || fail "mode of $name"
  check "./$name.1" new
  check "./$name.2" 1
  check "./$name.3" 2
  check "./$name.4" 3
  check "./$name.5" 9
  for n in 6 9 10 11 12; do check "./$name.$n" -; done
  for other in old 01 1.gz; do check "./$name.$other" "$other"; done
  check "OTHER$name.1" x
  [ "$(ls -A | wc -l)" = 10 ] || fail "other files: $(ls -A)"
  bash "$script" "$name" 5 || fail "an empty file"
  check "./$name.1" new
done

rm -rf -- ./*
bash "$script" none 3 || fail "a missing file"
[ -z "$(ls -A)" ] || fail "a missing file left $(ls -A)"
echo a > log
echo 1 > log.1
bash "$script" log 1
check log.1 a
check log.2 -
for wrong in 0 01 -1 x 1x '' '1 2'; do
  echo b > log
  bash "$script" log "$wrong" 2> errors
  [ $? = 2 ] || fail "exit status for '$wrong'"
  [ "$(wc -l < errors)" = 1 ] || fail "what is said of '$wrong'"
  check log b
done
bash "$script" log 2> errors
[ $? = 2 ] || fail "one argument"
for n in $(seq 1 12); do echo "$n" > "many.$n"; done
echo 0 > many
bash "$script" many 20
for n in $(seq 0 12); do check "many.$((n + 1))" "$n"; done
rm -rf "$work"
exit $failed
