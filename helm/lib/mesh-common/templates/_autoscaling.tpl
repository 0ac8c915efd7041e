{{/* `resource`: a plain HPA on CPU and memory, for a cluster without KEDA. */}}
{{- define "mesh.hpa" -}}
{{- $v := include "mesh.values" . | fromYaml -}}
{{- if eq $v.autoscaling.mode "resource" -}}
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: {{ .Chart.Name }}
  labels: {{- include "mesh.labels" . | nindent 4 }}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: {{ .Chart.Name }}}
  minReplicas: {{ max 1 (int $v.autoscaling.minReplicas) }}
  maxReplicas: {{ int $v.autoscaling.maxReplicas }}
  metrics:
    - type: Resource
      resource: {name: cpu, target: {type: Utilization, averageUtilization: {{ int $v.autoscaling.resource.cpuPercent }}}}
    {{- with int $v.autoscaling.resource.memoryPercent }}
    - type: Resource
      resource: {name: memory, target: {type: Utilization, averageUtilization: {{ . }}}}
    {{- end }}
  behavior: {{- toYaml $v.autoscaling.behavior | nindent 4 }}
{{- end -}}
{{- end -}}

{{/* `signals`: KEDA on the service's own signal. */}}
{{- define "mesh.scaledobject" -}}
{{- $v := include "mesh.values" . | fromYaml -}}
{{- if eq $v.autoscaling.mode "signals" -}}
{{- $signals := $v.autoscaling.signals -}}
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata:
  name: {{ .Chart.Name }}
  labels: {{- include "mesh.labels" . | nindent 4 }}
spec:
  scaleTargetRef: {name: {{ .Chart.Name }}}
  pollingInterval: {{ int $signals.pollingSeconds }}
  {{- with $signals.cooldownSeconds }}
  cooldownPeriod: {{ int . }}
  {{- end }}
  minReplicaCount: {{ int $v.autoscaling.minReplicas }}
  maxReplicaCount: {{ int $v.autoscaling.maxReplicas }}
  {{- with $signals.fallbackReplicas }}
  fallback: {failureThreshold: 3, replicas: {{ int . }}, behavior: currentReplicasIfHigher}
  {{- end }}
  advanced:
    horizontalPodAutoscalerConfig:
      behavior: {{- toYaml $v.autoscaling.behavior | nindent 8 }}
  triggers: {{- include "mesh.triggers" . | trim | nindent 4 }}
{{- end -}}
{{- end -}}
