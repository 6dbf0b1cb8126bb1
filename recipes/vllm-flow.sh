#!/bin/sh
# Serves a text model fine-tuned on motion prompts (flow route) with its LoRA adapter, by vLLM.
#
#   RUN=runs/paper-v3 sh recipes/vllm-flow.sh
#   mellm analyze clip.mp4 --llm "openai:http://127.0.0.1:8000/v1,model=mellm,system=You read facial micro-expressions."
#
# BASE: the model the adapter was trained on; RUN: the folder of `mellm train language`; RANK: lora.rank of its recipe.
set -eu
: "${BASE:=Qwen/Qwen3-8B}" "${RUN:?name the folder of the training run}" "${RANK:=64}"
: "${HOST:=127.0.0.1}" "${PORT:=8000}" "${LENGTH:=8192}"

# --generation-config vllm: the model's own sampling defaults (repetition penalty, top-k) would change greedy text.
# --max-logprobs: choosing a label reads the likelihoods of many next tokens; the default of 20 may miss a label.
exec vllm serve "$BASE" --served-model-name base --host "$HOST" --port "$PORT" \
    --enable-lora --max-lora-rank "$RANK" --lora-modules "mellm=$RUN/adapter" \
    --max-model-len "$LENGTH" --max-logprobs 1000 --generation-config vllm "$@"
