#!/usr/bin/env bash
# Generates src/gen (JavaScript with types: enums of TypeScript can't be stripped) from the contracts of ../../protos and from
# protos/, and fills the compile cache. Uses buf when it is found (BUF, the tree's tools, PATH), else plain protoc (PROTOC,
# PATH), as in the image.
set -euo pipefail
cd "$(dirname "$0")"
protos=${PROTOS:-../../protos}
ours=(common options notification user order payment shipping)
plugin=node_modules/.bin/protoc-gen-es
options="target=js+dts,import_extension=js,rewrite_imports=./buf/**/*_pb.js:@bufbuild/protovalidate/gen"
rm -rf src/gen .cache
mkdir -p src/gen

if buf=${BUF:-$(ls ../../.banyan/venv/bin/buf 2>/dev/null || command -v buf)}; then
  template=$(printf '{"version":"v2","plugins":[{"local":"%s","out":"src/gen","opt":"%s"}]}' "$plugin" "$options")
  "$buf" generate "$protos" --template "$template" "${ours[@]/#/--path=$protos/banyan/}" --path="$protos/third_party/google/api"
  "$buf" generate protos --template "$template"
else
  mapfile -t files < <(find "${ours[@]/#/$protos/banyan/}" "$protos/third_party/google/api" protos -name '*.proto')
  "${PROTOC:-protoc}" --plugin="$plugin" --es_out=src/gen --es_opt="$options" \
    -I"$protos/third_party" -I"$protos" -Iprotos "${files[@]}"
fi

# The start after a build is as light as any other.
node --max-old-space-size=96 --max-semi-space-size=1 start.mjs warm
