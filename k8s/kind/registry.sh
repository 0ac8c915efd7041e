#!/bin/sh
# A registry beside the kind cluster `banyan`, at localhost:5001 for this machine and for its nodes. May be run again.
set -eu
name=banyan-registry
port=5001

if [ "$(docker inspect -f '{{.State.Running}}' "$name" 2>/dev/null || true)" != true ]; then
  docker run -d --restart=always -p "127.0.0.1:$port:5000" --network bridge --name "$name" registry:3
fi
# Inside a node, localhost is the node: its containerd is told where that registry really is.
for node in $(kind get nodes --name banyan); do
  docker exec "$node" mkdir -p "/etc/containerd/certs.d/localhost:$port"
  printf '[host."http://%s:5000"]\n' "$name" |
    docker exec -i "$node" cp /dev/stdin "/etc/containerd/certs.d/localhost:$port/hosts.toml"
done
if [ "$(docker inspect -f '{{json .NetworkSettings.Networks.kind}}' "$name")" = null ]; then
  docker network connect kind "$name"
fi
# Tools that push by themselves find the registry by this: https://github.com/kubernetes/enhancements, KEP 1755.
kubectl --context kind-banyan apply -f - <<EOF
apiVersion: v1
kind: ConfigMap
metadata: {name: local-registry-hosting, namespace: kube-public}
data: {localRegistryHosting.v1: "host: localhost:$port"}
EOF
