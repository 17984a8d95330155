#!/usr/bin/env bash
# Regenerates plugin.pb.go, plugin_grpc.pb.go and plugin.proto.sha256. Needs protoc (Debian: protobuf-compiler); the two Go generators
# are built from plugin/internal/tools, at the versions that its go.mod names.
set -euo pipefail
cd "$(dirname "$0")"
bin=$(mktemp -d)
trap 'rm -rf "$bin"' EXIT
go -C ../tools build -o "$bin/" google.golang.org/protobuf/cmd/protoc-gen-go google.golang.org/grpc/cmd/protoc-gen-go-grpc
PATH="$bin:$PATH" protoc --go_out=. --go_opt=paths=source_relative --go-grpc_out=. --go-grpc_opt=paths=source_relative plugin.proto
sha256sum plugin.proto >plugin.proto.sha256
