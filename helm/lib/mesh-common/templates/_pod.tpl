{{/* A pod that has left the DNS serves on until every caller knows: answers are kept for the TTL, callers look every 5 s. */}}
{{- define "mesh.preStopSeconds" -}}
{{- if hasKey .drain "preStopSeconds" }}{{ .drain.preStopSeconds }}{{ else }}{{ add .global.dnsSeconds 5 }}{{ end -}}
{{- end -}}

{{- define "mesh.podSpec" -}}
{{- $v := include "mesh.values" . | fromYaml -}}
serviceAccountName: {{ .Chart.Name }}
automountServiceAccountToken: false
enableServiceLinks: false
terminationGracePeriodSeconds: {{ add (include "mesh.preStopSeconds" $v | int) $v.drain.delaySeconds $v.drain.graceSeconds 5 }}
securityContext: {{- include "mesh.podSecurity" 65532 | nindent 2 }}
{{- include "mesh.pullSecrets" . }}
{{- include "mesh.placement" . }}
{{- $migrates := eq (include "mesh.migrationMode" .) "init" }}
{{- $syncs := include "mesh.syncs" . }}
{{- if or $migrates $syncs }}
initContainers:
  {{- if $migrates }}
  - {{ include "mesh.migrationContainer" . | nindent 4 | trim }}
  {{- end }}
  {{- if $syncs }}
  - {{ include "mesh.syncContainer" . | nindent 4 | trim }}
  {{- end }}
{{- end }}
containers:
  - {{ include "mesh.container" . | nindent 4 | trim }}
volumes:
  - {name: tmp, emptyDir: {sizeLimit: 32Mi}}
  - {name: live, configMap: {name: {{ .Chart.Name }}-live}}
  {{- if $syncs }}
  - {name: sources, emptyDir: {sizeLimit: 64Mi}}
  {{- end }}
  {{- range $name, $file := $v.secretFiles }}
  - {name: {{ $name }}, secret: {secretName: {{ $file.secret }}, defaultMode: 0440}}
  {{- end }}
{{- end -}}

{{/* Where pods go: spread over nodes unless told otherwise. */}}
{{- define "mesh.placement" -}}
{{- $v := include "mesh.values" . | fromYaml -}}
{{- range $field := list "nodeSelector" "tolerations" "affinity" "priorityClassName" }}
{{- with get $v $field }}
{{ $field }}: {{ toYaml . | nindent 2 }}
{{- end }}
{{- end }}
{{- if $v.topologySpread.enabled }}
topologySpreadConstraints:
  - maxSkew: {{ int $v.topologySpread.maxSkew }}
    topologyKey: {{ $v.topologySpread.topologyKey }}
    whenUnsatisfiable: {{ $v.topologySpread.whenUnsatisfiable }}
    labelSelector:
      matchLabels: {{- include "mesh.selectorLabels" . | nindent 8 }}
{{- end }}
{{- end -}}
