#!/bin/sh
# Serves a vision model fine-tuned on MMC-Maps (vision route), by vLLM.
#
#   RECIPE=recipes/language-paper-v1.yaml RUN=runs/paper-v1 sh recipes/vllm-vision.sh
#
# The adapter is merged first (once): vLLM loads LoRA for the language side only and would leave out, without an
# error, what was trained in the vision tower.
set -eu
: "${RECIPE:?name the recipe of the training run}" "${RUN:?name its folder}" "${MERGED:=$RUN/merged}"
: "${HOST:=127.0.0.1}" "${PORT:=8000}" "${LENGTH:=8192}"

[ -f "$MERGED/config.json" ] || mellm train language "$RECIPE" --out "$RUN" --merge "$MERGED"
exec vllm serve "$MERGED" --served-model-name mellm --host "$HOST" --port "$PORT" \
    --limit-mm-per-prompt '{"image": 1, "video": 0}' \
    --max-model-len "$LENGTH" --max-logprobs 1000 --generation-config vllm "$@"
