#!/usr/bin/env bash
# Makes the virtual environment of the peer service: bash bench/peers/setup.sh [FOLDER]
# FOLDER is bench/peers/.venv unless given. Python 3.11, Linux x86-64, a minute or two and 4.5 GB.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
venv=${1:-$here/.venv}

"${PYTHON:-python3.11}" -m venv "$venv"
"$venv/bin/python" -m pip install --no-deps --progress-bar on -r "$here/requirements.txt"
"$venv/bin/python" -c 'import fastapi, sentence_transformers, torch, uvicorn; print("ready: torch", torch.__version__)'
echo "start: $venv/bin/uvicorn --app-dir $here fastapi_service:app --port 8001"
