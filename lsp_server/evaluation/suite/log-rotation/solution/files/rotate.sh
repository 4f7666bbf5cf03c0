#!/bin/bash
# Rotates a log: rotate.sh FILE KEEP
set -u

if [ $# -ne 2 ] || ! [[ $2 =~ ^[1-9][0-9]*$ ]]; then
  echo "usage: rotate.sh FILE KEEP" >&2
  exit 2
fi
file=$1
keep=$2
case $file in -*) file=./$file ;; esac
[ -s "$file" ] || exit 0

numbers=()
for old in "$file".*; do
  number=${old#"$file".}
  if [[ $number =~ ^[1-9][0-9]*$ ]]; then numbers+=("$number"); fi
done
if [ ${#numbers[@]} -gt 0 ]; then
  mapfile -t numbers < <(printf '%s\n' "${numbers[@]}" | sort -n)
fi

# From the oldest on, so that nothing is written over.
for ((at = ${#numbers[@]} - 1; at >= 0; at--)); do
  if ((at + 2 > keep)); then
    rm -f -- "$file.${numbers[at]}"
  fi
done
stage=$file.rotating.$$
for ((at = 0; at < ${#numbers[@]} && at + 2 <= keep; at++)); do
  mv -- "$file.${numbers[at]}" "$stage.$((at + 2))"
done
for ((at = 0; at < ${#numbers[@]} && at + 2 <= keep; at++)); do
  mv -- "$stage.$((at + 2))" "$file.$((at + 2))"
done
cp -p -- "$file" "$file.1"
: > "$file"
