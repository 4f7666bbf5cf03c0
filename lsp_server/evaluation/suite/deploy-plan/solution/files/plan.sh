#!/bin/bash
# Prints what a deployment from one folder to another has to do: plan.sh OLD NEW
set -u
export LC_ALL=C

stop() {
  echo "plan: $2" >&2
  exit "$1"
}

[ $# -eq 2 ] || stop 2 "usage: plan.sh OLD NEW"
for folder in "$1" "$2"; do
  [ -d "$folder" ] || stop 2 "$folder is no folder"
done
old=$(cd -- "$1" && pwd -P)
new=$(cd -- "$2" && pwd -P)

listed() { # the folder; each path with its kind: d, f or l
  cd -- "$1" && find . -mindepth 1 \( -name .git -o -name .DS_Store ! -type d \) -prune -o -printf '%y %P\0'
}

declare -A was is
while IFS= read -r -d '' line; do was[${line#* }]=${line%% *}; done < <(listed "$old")
while IFS= read -r -d '' line; do is[${line#* }]=${line%% *}; done < <(listed "$new")

actions=() # rank, depth for sorting, word, path
act() { actions+=("$1"$'\t'"$2"$'\t'"$3"); }
depth() {
  local slashes=${1//[^\/]/}
  printf '%04d' "$((${#slashes} + $2))"
}

for path in "${!was[@]}"; do
  case $path in *$'\t'* | *$'\n'*) stop 3 "a name has a tab or a line break" ;; esac
  kind=${was[$path]}
  now=${is[$path]:-}
  if [ "$kind" = d ]; then
    [ "$now" = d ] || { slashes=${path//[^\/]/}; act "2$(printf '%04d' $((9999 - ${#slashes})))" rmdir "$path"; }
  elif [ -z "$now" ] || [ "$now" = d ]; then
    act 10000 remove "$path"
  fi
done
for path in "${!is[@]}"; do
  case $path in *$'\t'* | *$'\n'*) stop 3 "a name has a tab or a line break" ;; esac
  kind=${is[$path]}
  before=${was[$path]:-}
  case $kind in
    d) [ "$before" = d ] || { slashes=${path//[^\/]/}; act "3$(printf '%04d' ${#slashes})" mkdir "$path"; } ;;
    l)
      if [ "$before" != l ] || [ "$(readlink -n -- "$old/$path"; echo x)" != "$(readlink -n -- "$new/$path"; echo x)" ]; then
        act 40000 link "$path"
      fi
      ;;
    *)
      if [ -z "$before" ] || [ "$before" = d ]; then
        act 40000 add "$path"
      elif [ "$before" = l ] || ! cmp -s -- "$old/$path" "$new/$path"; then
        act 40000 change "$path"
      else
        modes=$(stat -c %a -- "$old/$path")
        theirs=$(stat -c %a -- "$new/$path")
        if (((8#$modes ^ 8#$theirs) & 8#100)); then act 40000 mode "$path"; fi
      fi
      ;;
  esac
done
[ ${#actions[@]} -gt 0 ] || exit 0
printf '%s\n' "${actions[@]}" | sort -t $'\t' -k1,1 -k3 | cut -f 2-
exit 1
