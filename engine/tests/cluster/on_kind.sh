#!/usr/bin/env bash
# Runs a command on a new kind cluster with Kubeflow Pipelines of a version and a registry, and deletes the cluster:
#   engine/tests/cluster/on_kind.sh 2.17.0 python -m engine.tests.cluster
# Needs docker, kind and kubectl, as GitHub's runners have them.
set -euo pipefail

version=$1
shift
manifests=https://github.com/kubeflow/pipelines/manifests/kustomize
registry=localhost:5001 # kind's name for it, by which nodes find it too
folder=$(mktemp -d)
export KUBECONFIG=$folder/kubeconfig

clean_up() {
  kind delete cluster --name loop # the forwarded ports close with it
  docker rm --force kind-registry >/dev/null
  rm -rf "$folder"
}
trap clean_up EXIT

forward() { # service, its port: until the cluster is deleted
  kubectl --namespace kubeflow port-forward "service/$1" "$2:$2" >"$folder/$1.log" 2>&1 &
}

docker run --detach --publish 127.0.0.1:5001:5000 --name kind-registry \
  --env REGISTRY_STORAGE_DELETE_ENABLED=true registry:3 >/dev/null
kind create cluster --name loop --wait 5m --config - <<'YAML'
kind: Cluster
apiVersion: kind.x-k8s.io/v1alpha4
containerdConfigPatches:
  - |-
    [plugins."io.containerd.grpc.v1.cri".registry]
      config_path = "/etc/containerd/certs.d"
YAML
docker network connect kind kind-registry
docker exec loop-control-plane mkdir -p "/etc/containerd/certs.d/$registry"
docker exec --interactive loop-control-plane cp /dev/stdin "/etc/containerd/certs.d/$registry/hosts.toml" \
  <<<'[host."http://kind-registry:5000"]'
export CONTAINERS_REGISTRIES_CONF=$folder/registries.conf # buildah's
printf '[[registry]]\nlocation = "%s"\ninsecure = true\n' "$registry" >"$CONTAINERS_REGISTRIES_CONF"

kubectl apply --kustomize "$manifests/cluster-scoped-resources?ref=$version"
kubectl wait crd/applications.app.k8s.io --for condition=established --timeout 1m
kubectl apply --kustomize "$manifests/env/platform-agnostic?ref=$version"
kubectl --namespace kubeflow wait deployments --all --for condition=available --timeout 15m

store=seaweedfs # before 2.15 it is MinIO, with the same Secret
kubectl --namespace kubeflow get service "$store" >/dev/null 2>&1 || store=minio-service
forward ml-pipeline 8888
forward "$store" 9000
for _ in {1..60}; do
  curl --fail --silent http://127.0.0.1:8888/apis/v2beta1/healthz >/dev/null && break
  sleep 1
done

key() {
  kubectl --namespace kubeflow get secret mlpipeline-minio-artifact --output "jsonpath={.data.$1}" | base64 --decode
}
export KUBEFLOW_HOST=http://127.0.0.1:8888 IMAGE_REPOSITORY=$registry/loop STORE_URI=s3://mlpipeline/loops
export AWS_ENDPOINT_URL=http://127.0.0.1:9000 AWS_DEFAULT_REGION=us-east-1
AWS_ACCESS_KEY_ID=$(key accesskey) AWS_SECRET_ACCESS_KEY=$(key secretkey)
export AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
STORE_SETTINGS=$(printf '{"endpoint": "http://%s.kubeflow:9000", "region": "us-east-1", "secret": {"name": "%s", "access_key": "%s", "secret_key": "%s"}}' \
  "$store" mlpipeline-minio-artifact accesskey secretkey)
export STORE_SETTINGS
"$@"
