{{- define "mesh.deployment" -}}
{{- include "mesh.validate" . -}}
{{- $v := include "mesh.values" . | fromYaml -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Chart.Name }}
  labels: {{- include "mesh.labels" . | nindent 4 }}
spec:
  {{- if eq $v.autoscaling.mode "none" }}
  replicas: {{ int $v.replicas }}
  {{- end }}
  revisionHistoryLimit: 3
  strategy:
    type: RollingUpdate
    rollingUpdate: {maxSurge: 1, maxUnavailable: 0}
  selector:
    matchLabels: {{- include "mesh.selectorLabels" . | nindent 6 }}
  template:
    metadata:
      labels:
        {{- include "mesh.labels" . | nindent 8 }}
        {{- with $v.podLabels }}{{ toYaml . | nindent 8 }}{{ end }}
      annotations:
        checksum/config: {{ include "mesh.configData" . | sha256sum }}
        {{- if $v.monitor.annotations }}
        prometheus.io/scrape: "true"
        prometheus.io/port: "9090"
        prometheus.io/path: /metrics
        {{- end }}
        {{- with $v.podAnnotations }}{{ toYaml . | nindent 8 }}{{ end }}
    spec: {{- include "mesh.podSpec" . | nindent 6 }}
{{- end -}}
