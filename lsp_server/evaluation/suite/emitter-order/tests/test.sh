#!/bin/bash
if node /tests/check.mjs /app; then
  echo 1 > /logs/verifier/reward.txt
else
  echo 0 > /logs/verifier/reward.txt
fi
