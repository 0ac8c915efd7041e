#!/bin/sh
# `./banyan secrets` for a namespace of the context that skaffold deploys to, which need not be kubectl's current one.
set -eu
config=$(mktemp)
trap 'rm -f "$config"' EXIT
kubectl config view --raw --flatten --minify --context "$SKAFFOLD_KUBE_CONTEXT" >"$config"
KUBECONFIG="$config" ./banyan secrets --namespace "$1"
