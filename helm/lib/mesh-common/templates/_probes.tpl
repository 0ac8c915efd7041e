{{/*
Readiness is what the service itself says of itself, by the standard gRPC health service: it turns off before a drain and
while the database is away. Startup and liveness must depend on nothing outside the process, else an outage of the
database would restart every pod: /livez says whether the process and its background tasks live.
*/}}
{{- define "mesh.probes" -}}
{{- $v := include "mesh.values" . | fromYaml -}}
startupProbe:
  httpGet: {path: /livez, port: admin}
  {{- toYaml $v.probes.startup | nindent 2 }}
readinessProbe:
  {{- if eq .Chart.Name "gateway" }}
  httpGet: {path: /readyz, port: admin}
  {{- else }}
  grpc: {port: 50051}
  {{- end }}
  {{- toYaml $v.probes.readiness | nindent 2 }}
livenessProbe:
  httpGet: {path: /livez, port: admin}
  {{- toYaml $v.probes.liveness | nindent 2 }}
{{- end -}}
