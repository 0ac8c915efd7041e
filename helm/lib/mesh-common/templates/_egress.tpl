{{/* Whom a pod may speak to: the DNS, its upstreams, its stores, its stand-ins, the collector of traces. */}}
{{- define "mesh.egressDns" -}}
- ports: [{port: 53, protocol: UDP}, {port: 53, protocol: TCP}]
{{- end -}}

{{- define "mesh.egress" -}}
{{- $row := include "mesh.row" . | fromYaml -}}
{{- with $row.upstreams }}
- ports: [{port: 50051}]
  to: {{- include "mesh.podsNamed" . | nindent 4 }}
{{- end }}
{{- range $row.stores }}
- ports: [{port: {{ get (dict "postgres" 5432 "nats" 4222 "redis" 6379) . }}}]
  to: {{- include "mesh.podsNamed" (list (ternary (printf "%s-postgres" $.Chart.Name) . (eq . "postgres"))) | nindent 4 }}
{{- end }}
{{- with $row.standIns }}
- ports: [{port: 8080}, {port: 1025}]
  to: {{- include "mesh.podsNamed" . | nindent 4 }}
{{- end }}
{{- with (include "mesh.values" . | fromYaml).global.otlpEndpoint }}
- ports: [{port: {{ regexFind ":[0-9]+/?$" . | trimPrefix ":" | trimSuffix "/" | default "4317" }}}]
{{- end }}
{{- end -}}
