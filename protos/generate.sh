#!/usr/bin/env bash
# Regenerates the committed code under protos/gen (Python and Go) from the contracts. Java and TypeScript generate in their
# own builds. Plugins are pinned; no registry of protos is needed, since third_party/ holds what is imported.
# With a directory as its argument it writes the same files under there instead, for the test that compares.
set -euo pipefail
out=$(realpath -m "${1:-$(dirname "$0")/..}")
cd "$(dirname "$0")"
gen=$out/protos/gen comments=$out/services/gateway/src/gateway/descriptors.binpb
venv=../.banyan/venv/bin
tools=$(cd .. && pwd)/.banyan/tools
export PATH="$tools:$venv:$PATH" GOFLAGS=-mod=mod

[ -x "$tools/protoc-gen-go" ] || GOBIN="$tools" go install google.golang.org/protobuf/cmd/protoc-gen-go@v1.36.12
[ -x "$tools/protoc-gen-go-grpc" ] || GOBIN="$tools" go install google.golang.org/grpc/cmd/protoc-gen-go-grpc@v1.6.2

image=$(mktemp --suffix=.binpb)
trap 'rm -f "$image"' EXIT
"$venv/buf" build --as-file-descriptor-set -o "$image"

rm -rf "$gen/python/banyan" "$gen/python/buf" "$gen/go/banyan"
mkdir -p "$gen/python" "$gen/go" "$(dirname "$comments")"
mapfile -t ours < <(find banyan -name '*.proto' | sort)
"$venv/python" -m grpc_tools.protoc --descriptor_set_in="$image" --python_out="$gen/python" --pyi_out="$gen/python" \
  "${ours[@]}" buf/validate/validate.proto
"$venv/python" -m grpc_tools.protoc --descriptor_set_in="$image" \
  --go_out="$gen/go" --go_opt=module=github.com/banyan-shop/banyan/protos/gen/go \
  --go-grpc_out="$gen/go" --go-grpc_opt=module=github.com/banyan-shop/banyan/protos/gen/go "${ours[@]}"

# The contracts with their comments, which generated code has not: what the gateway's OpenAPI document is written from.
"$venv/buf" build --as-file-descriptor-set --exclude-imports --path banyan -o "$comments"
