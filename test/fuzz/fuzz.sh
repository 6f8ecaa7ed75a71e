#!/usr/bin/env bash
# Holds the running program to its own /openapi.json with schemathesis: generated requests, right ones and wrong ones, for
# SECONDS_TO_RUN (300). Starts a server of its own with the embedded broker on PORT (18080) and a temporary folder, and stops it.
set -euo pipefail

VERSION=4.32.5
VENV=${FUZZ_VENV:-build/schemathesis-$VERSION}
PORT=${PORT:-18080}
SECONDS_TO_RUN=${SECONDS_TO_RUN:-300}
URL=http://127.0.0.1:$PORT

if [ ! -x "$VENV/bin/schemathesis" ]; then
  if ! { python3 -m venv "$VENV" && "$VENV/bin/pip" install --quiet "schemathesis==$VERSION"; }; then
    echo "skipped: schemathesis $VERSION can not be installed here (it takes python3 with venv, and a package index)"
    exit 0
  fi
fi

DATA=$(mktemp -d)
SERVER=
end() {
  [ -z "$SERVER" ] || { kill "$SERVER" 2>/dev/null || true; wait "$SERVER" || true; }
  rm -rf "$DATA"
}
trap end EXIT

PORT=$PORT DATA_DIR=$DATA/data node build/api/cli/main.js serve --json >"$DATA/log" 2>&1 &
SERVER=$!
for _ in $(seq 100); do
  curl --silent --fail --output /dev/null "$URL/health/ready" && break
  kill -0 "$SERVER" || { cat "$DATA/log"; exit 1; }
  sleep 0.2
done

"$VENV/bin/schemathesis" --config-file test/fuzz/schemathesis.toml run "$URL/openapi.json" --url "$URL" \
  --checks all --max-time "$SECONDS_TO_RUN" --continue-on-failure --no-color "$@"
