{{/*
One trigger for each entry of autoscaling.signals.triggers. `query` is PromQL, with $NAMESPACE for the namespace: the sum
over all replicas, of which each shall carry at most `threshold`. A metric that has vanished is an error, never zero, so
that nobody is scaled in because Prometheus could not see them. `thresholdPercent` scales every threshold to another machine. `stream` and `consumer` are read from NATS itself.
*/}}
{{- define "mesh.triggers" -}}
{{- $v := include "mesh.values" . | fromYaml -}}
{{- $share := divf (float64 $v.autoscaling.signals.thresholdPercent) 100 -}}
{{- range $trigger := $v.autoscaling.signals.triggers }}
{{- $threshold := round (mulf (float64 $trigger.threshold) $share) 4 }}
{{- if hasKey $trigger "query" }}
- type: prometheus
  metadata:
    serverAddress: {{ $v.global.prometheus.url }}
    query: {{ $trigger.query | replace "$NAMESPACE" $.Release.Namespace | quote }}
    threshold: {{ $threshold | toString | quote }}
    ignoreNullValues: "false"
{{- else if hasKey $trigger "consumer" }}
- type: nats-jetstream
  metadata:
    natsServerMonitoringEndpoint: {{ coalesce $trigger.monitoring $v.global.nats.monitoring (printf "nats.%s:8222" $.Release.Namespace) | quote }}
    account: {{ $trigger.account | default "$G" | quote }}
    stream: {{ $trigger.stream | quote }}
    consumer: {{ $trigger.consumer | quote }}
    lagThreshold: {{ max 1 (int $threshold) | toString | quote }}
    activationLagThreshold: "0"
{{- else }}
- type: {{ $trigger.resource }}
  metricType: Utilization
  metadata: {value: {{ max 1 (int $threshold) | toString | quote }}}
{{- end }}
{{- end }}
{{- end -}}
