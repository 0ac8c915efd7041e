"""The part of skaffold's schema v4beta13 that our files use: names, types, what is required. Anything else is refused.

By pkg/skaffold/schema/v4beta13/config.go of GoogleContainerTools/skaffold; unknown fields are refused there, too.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Metadata(_Strict):
    name: str


class Dependency(_Strict):
    """Of one file (`path`, or this file) all configs, or those named."""

    path: str | None = None
    configs: list[str] | None = None

    @model_validator(mode="after")
    def _names_something(self) -> Dependency:
        assert self.path or self.configs, "neither a path nor configs"
        return self


class HostHook(_Strict):
    command: Annotated[list[str], Field(min_length=1)]
    os: list[str] | None = None
    dir: str | None = None


class ContainerHook(_Strict):
    command: Annotated[list[str], Field(min_length=1)]


class DeployHook(_Strict):
    host: HostHook


class DeployHooks(_Strict):
    before: list[DeployHook] | None = None
    after: list[DeployHook] | None = None


class SyncHook(_Strict):
    container: ContainerHook | None = None
    host: HostHook | None = None


class SyncHooks(_Strict):
    before: list[SyncHook] | None = None
    after: list[SyncHook] | None = None


class SyncRule(_Strict):
    src: str
    dest: str
    strip: str | None = None


class Sync(_Strict):
    manual: list[SyncRule]
    hooks: SyncHooks | None = None


class Docker(_Strict):
    dockerfile: str
    buildArgs: dict[str, str] | None = None


class Artifact(_Strict):
    image: str
    context: str
    docker: Docker
    sync: Sync | None = None


class TagPolicy(_Strict):
    inputDigest: dict[str, str]


class Local(_Strict):
    push: bool | None = None
    useBuildkit: bool | None = None


class Build(_Strict):
    tagPolicy: TagPolicy | None = None
    local: Local | None = None
    artifacts: list[Artifact] | None = None


class CustomTest(_Strict):
    command: str
    timeoutSeconds: int


class Test(_Strict):
    image: str
    context: str
    custom: list[CustomTest]


class Release(_Strict):
    name: str
    chartPath: str
    namespace: str
    setValues: dict[str, str] | None = None
    setValueTemplates: dict[str, str] | None = None


class HelmDeploy(_Strict):
    releases: list[Release]
    hooks: DeployHooks | None = None


class KubectlDeploy(_Strict):
    hooks: DeployHooks | None = None


class Deploy(_Strict):
    helm: HelmDeploy | None = None
    kubectl: KubectlDeploy | None = None
    kubeContext: str | None = None


class Kustomize(_Strict):
    paths: list[str]


class Manifests(_Strict):
    kustomize: Kustomize


class PortForward(_Strict):
    resourceType: Literal["service", "deployment", "pod"]
    resourceName: str
    namespace: str
    port: int
    localPort: Annotated[int, Field(ge=1024, le=65535)]


class Profile(_Strict):
    name: str
    build: Build | None = None
    deploy: Deploy | None = None


class Config(_Strict):
    """One document."""

    apiVersion: Literal["skaffold/v4beta13"]
    kind: Literal["Config"]
    metadata: Metadata
    requires: list[Dependency] | None = None
    build: Build | None = None
    test: list[Test] | None = None
    manifests: Manifests | None = None
    deploy: Deploy | None = None
    portForward: list[PortForward] | None = None
    profiles: list[Profile] | None = None
