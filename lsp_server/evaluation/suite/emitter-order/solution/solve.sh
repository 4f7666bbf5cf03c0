#!/bin/bash
set -e
cp -R /solution/files/. /app/
