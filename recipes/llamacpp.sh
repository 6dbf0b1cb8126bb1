#!/bin/sh
# Serves the built-in model, base and adapter merged into one GGUF, by llama.cpp's server.
#
#   sh recipes/llamacpp.sh                                  # the adapter that ships
#   ADAPTER=runs/embedded/adapter.safetensors sh recipes/llamacpp.sh
#
# SERVER is llama.cpp's `llama-server` (https://github.com/ggml-org/llama.cpp); GGUF: where the merged model is kept.
set -eu
: "${ADAPTER:=}" "${GGUF:=mellm.gguf}" "${SERVER:=llama-server}" "${HOST:=127.0.0.1}" "${PORT:=8080}"

[ -f "$GGUF" ] || python - "$ADAPTER" "$GGUF" <<'PYTHON'
import sys
from pathlib import Path

from mellm.language.backends.merge import Adapter, merge
from mellm.weights import model_path, shipped_path

adapter = Path(sys.argv[1]) if sys.argv[1] else shipped_path("language_embedded")
merge(model_path("smollm2-135m-instruct"), Adapter.load(adapter) if adapter else None, Path(sys.argv[2]))
PYTHON
exec "$SERVER" --model "$GGUF" --alias mellm --host "$HOST" --port "$PORT" --ctx-size 4096 "$@"
