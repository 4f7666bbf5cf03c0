#!/bin/bash
if bash /tests/check.sh /app; then
  echo 1 > /logs/verifier/reward.txt
else
  echo 0 > /logs/verifier/reward.txt
fi
