#!/bin/bash
# Rotates a log: rotate.sh FILE KEEP
file=$1
keep=$2
for old in $(ls -r $file.*); do
  number=${old##*.}
  mv $old $file.$((number + 1))
done
mv $file $file.1
touch $file
rm -f $file.$((keep + 1))
