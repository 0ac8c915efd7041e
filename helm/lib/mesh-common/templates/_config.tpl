{{/* Everything the service is told that is no secret. */}}
{{- define "mesh.configData" -}}
{{- $v := include "mesh.values" . | fromYaml -}}
{{- $row := include "mesh.row" . | fromYaml -}}
{{- $prefix := include "mesh.prefix" . -}}
{{- $data := dict "BANYAN_ENVIRONMENT" $v.global.environment -}}
{{- $_ := set $data (printf "%s_DRAIN_DELAY_S" $prefix) (toString $v.drain.delaySeconds) -}}
{{- $_ := set $data (printf "%s_DRAIN_GRACE_S" $prefix) (toString $v.drain.graceSeconds) -}}
{{- if has "nats" $row.stores }}{{ $_ := set $data "NATS_URL" $v.global.nats.url }}{{ end -}}
{{- if has "postgres" $row.stores }}{{ $_ := set $data (printf "%s_DATABASE_POOL_MAX" $prefix) (toString $v.database.poolMax) }}{{ end -}}
{{- range $row.upstreams }}{{ $_ := set $data (printf "%s_ADDR" (upper .)) (printf "dns:///%s:50051" .) }}{{ end -}}
{{- with $v.global.otlpEndpoint }}{{ $_ := set $data "OTEL_EXPORTER_OTLP_ENDPOINT" . }}{{ end -}}
{{- $_ := set $data "BANYAN_LIVE_FILE" "/etc/banyan/live/live.json" -}}
{{- if has $row.language (list "python" "java") }}{{ $_ := set $data "MALLOC_ARENA_MAX" "2" }}{{ end -}}
{{- mustMergeOverwrite $data $v.config | toYaml -}}
{{- end -}}

{{/* Mounted as a folder, so that pods see a change; no part of the checksum, so that a change rolls none. */}}
{{- define "mesh.live" -}}
{{- $v := include "mesh.values" . | fromYaml -}}
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Chart.Name }}-live
  labels: {{- include "mesh.labels" . | nindent 4 }}
data:
  live.json: {{ $v.live | toJson | quote }}
{{- end -}}

{{- define "mesh.config" -}}
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Chart.Name }}
  labels: {{- include "mesh.labels" . | nindent 4 }}
data:
  {{- range $name, $value := include "mesh.configData" . | fromYaml }}
  {{ $name }}: {{ $value | quote }}
  {{- end }}
{{- end -}}
