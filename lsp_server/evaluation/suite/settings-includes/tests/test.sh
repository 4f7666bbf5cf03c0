#!/bin/bash
# Isolated, so that no file of the workspace stands in for a module of Python.
if python3 -I /tests/check.py /app; then
  echo 1 > /logs/verifier/reward.txt
else
  echo 0 > /logs/verifier/reward.txt
fi
