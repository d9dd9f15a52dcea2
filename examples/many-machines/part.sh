#!/bin/sh
# part.sh FILE PARTS I [FLAGS]: indexes part I of PARTS, counted from 0, to parts/I.safetensors. A part that is there is left as it is.
set -eu
file=$1 parts=$2 i=$3
shift 3
out=parts/$i.safetensors
if [ -e "$out.part.json" ]; then exit 0; fi
mkdir -p parts
rows=$(simdex info "$file" --json | node -p 'JSON.parse(require("fs").readFileSync(0)).vectors')
simdex index "$file" --rows "$((rows * i / parts))..$((rows * (i + 1) / parts))" --out "$out" --quiet "$@"
