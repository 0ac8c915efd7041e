{{/* For a Prometheus run by its operator; all others find the pods by their annotations. */}}
{{- define "mesh.podmonitor" -}}
{{- $v := include "mesh.values" . | fromYaml -}}
{{- if $v.monitor.podMonitor.enabled -}}
apiVersion: monitoring.coreos.com/v1
kind: PodMonitor
metadata:
  name: {{ .Chart.Name }}
  labels:
    {{- include "mesh.labels" . | nindent 4 }}
    {{- with $v.monitor.podMonitor.labels }}{{ toYaml . | nindent 4 }}{{ end }}
spec:
  selector:
    matchLabels: {{- include "mesh.selectorLabels" . | nindent 6 }}
  podMetricsEndpoints:
    - port: admin
      path: /metrics
      interval: {{ int $v.monitor.podMonitor.intervalSeconds }}s
      relabelings:  # signals and alerts ask by this label
        - {sourceLabels: [__meta_kubernetes_pod_label_app_kubernetes_io_name], targetLabel: app}
{{- end -}}
{{- end -}}
