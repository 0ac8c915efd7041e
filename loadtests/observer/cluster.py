"""Reads the state of a namespace from the Kubernetes API: Deployments, ScaledObjects, autoscalers, pods' use."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping
from typing import Any, Final

from kubernetes import client
from kubernetes.utils.quantity import parse_quantity
from urllib3.exceptions import HTTPError

from loadtests.observer.observer import NotSeenError
from loadtests.observer.prometheus import Prometheus
from loadtests.observer.record import Decision, Record, Replicas, Signal, Use, Watched

NAME: Final = "app.kubernetes.io/name"
MIB: Final = 1024 * 1024
RESCALED: Final = "SuccessfulRescale"
USE_EVERY_S: Final = 5.0
HISTORY_EVERY_S: Final = 5.0


class Shop:
    """A shop in a namespace, for an observer.

    `live`: signals and traffic are read as the run goes on, not only at its end. `signals`: what to measure where no
    ScaledObject says it, so that plain autoscalers can be compared with it. `prometheus`: its address in the cluster.
    """

    def __init__(
        self,
        namespace: str,
        services: Mapping[str, object],
        *,
        prometheus: str = "http://prometheus.monitoring:9090",
        live: bool = False,
        signals: Mapping[str, list[Signal]] | None = None,
    ) -> None:
        self._namespace = Namespace(namespace, services)
        self._prometheus = Prometheus(prometheus)
        self._live = live
        self._signals = signals or {}
        self._began = time.time()
        self._use_due = self._history_due = 0.0

    def begin(self) -> Record:
        """Every service with its ScaledObject's bounds and triggers; ApiException when the cluster refuses."""
        services = self._namespace.watched()
        for name, signals in self._signals.items():
            services[name].signals = services[name].signals or signals
        return Record(services=services)

    def look(self, record: Record) -> bool:
        """Replicas now; processor, memory and, when live, histories every five seconds."""
        now = time.monotonic()
        try:
            for name, replicas in self._namespace.replicas().items():
                record.services[name].replicas.append(replicas)
            if now >= self._use_due:
                self._use_due = now + USE_EVERY_S
                for name, use in self._namespace.use().items():
                    record.services[name].use.append(use)
            if self._live and now >= self._history_due:
                self._history_due = now + HISTORY_EVERY_S
                self._fill(record, self._began)
        except (client.ApiException, HTTPError):
            return False
        return True

    def end(self, record: Record, began: float) -> None:
        """Decisions, signals and traffic since the start; NotSeenError without a Prometheus."""
        try:
            self._fill(record, began)
        except (client.ApiException, HTTPError) as error:
            said = getattr(error, "reason", None) or str(error)
            raise NotSeenError(
                f"signals and traffic are missing, since Prometheus can't be read through the API server: {said}"
            ) from error

    def _fill(self, record: Record, began: float) -> None:
        now = time.time()
        record.decisions = self._namespace.decisions(began)
        traffic = self._prometheus.traffic(self._namespace.name, began, now)
        for name, watched in record.services.items():
            watched.traffic = traffic.get(name, [])
            watched.signals = [
                Prometheus(signal.server).fill(signal, began, now) if signal.server else signal
                for signal in watched.signals
            ]


class Namespace:
    """One namespace; `services` are the Deployments to look at."""

    def __init__(self, name: str, services: Mapping[str, object]) -> None:
        self.name = name
        self._services = services
        self._apps = client.AppsV1Api()
        self._core = client.CoreV1Api()
        self._custom = client.CustomObjectsApi()
        self._scaling = client.AutoscalingV2Api()

    def replicas(self) -> dict[str, Replicas]:
        """Every service as it is now."""
        now = time.time()
        found = self._apps.list_namespaced_deployment(self.name).items
        return {
            each.metadata.name: Replicas(now, each.spec.replicas or 0, each.status.ready_replicas or 0)
            for each in found
            if each.metadata.name in self._services
        }

    def use(self) -> dict[str, Use]:
        """What metrics-server says, by service; empty without one."""
        try:
            found = self._custom.list_namespaced_custom_object("metrics.k8s.io", "v1beta1", self.name, "pods")
        except client.ApiException:
            return {}
        sums: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
        for pod in found["items"]:
            name = pod["metadata"].get("labels", {}).get(NAME, "")
            if name in self._services:
                for container in pod["containers"]:
                    sums[name][0] += float(parse_quantity(container["usage"]["cpu"]))
                    sums[name][1] += float(parse_quantity(container["usage"]["memory"])) / MIB
        now = time.time()
        return {name: Use(now, round(cores, 4), round(mib, 1)) for name, (cores, mib) in sums.items()}

    def watched(self) -> dict[str, Watched]:
        """Every service with the bounds and triggers of its ScaledObject, or of its plain autoscaler."""
        found = {name: Watched() for name in self._services}
        for each in self._scaled_objects():
            name, spec = each["metadata"]["name"], each["spec"]
            if name in found:
                found[name].least = int(spec.get("minReplicaCount", 0))
                found[name].most = int(spec.get("maxReplicaCount", 100))
                found[name].signals = [_signal(trigger) for trigger in spec["triggers"]]
        for each in self._scaling.list_namespaced_horizontal_pod_autoscaler(self.name).items:
            if each.metadata.name in found:
                found[each.metadata.name].least = each.spec.min_replicas or 1
                found[each.metadata.name].most = each.spec.max_replicas
        return found

    def decisions(self, since: float) -> list[Decision]:
        """Why replicas were added or taken away, from the autoscalers' events."""
        found = self._core.list_namespaced_event(self.name, field_selector=f"reason={RESCALED}").items
        told = [
            Decision(moment.timestamp(), each.involved_object.name.removeprefix("keda-hpa-"), each.message)
            for each in found
            if (moment := each.last_timestamp or each.event_time)
        ]
        return sorted((each for each in told if each.at >= since - 1), key=lambda each: each.at)

    def _scaled_objects(self) -> list[dict[str, Any]]:
        try:
            found = self._custom.list_namespaced_custom_object(
                "keda.sh", "v1alpha1", self.name, "scaledobjects"
            )
        except client.ApiException:
            return []
        items: list[dict[str, Any]] = found["items"]
        return items


def _signal(trigger: Mapping[str, Any]) -> Signal:
    metadata = trigger["metadata"]
    if trigger["type"] == "prometheus":
        return Signal(metadata["query"], float(metadata["threshold"]), metadata["serverAddress"])
    if trigger["type"] == "nats-jetstream":
        return Signal(f"{metadata['stream']} {metadata['consumer']}", float(metadata["lagThreshold"]))
    return Signal(str(trigger["type"]), float(metadata["value"]))
