{{/* Name → Python module and ports. Their ledgers are the books outside: they outlive a pod. */}}
{{- define "standins.table" -}}
payment-provider: {module: payment_provider, ports: {http: 8080}}
carrier: {module: carrier, ports: {http: 8080}}
mail: {module: mail, ports: {http: 8080, smtp: 1025}}
sinks: {module: sinks, ports: {http: 8080}}
{{- end -}}

{{/* Which services use one, by the table of callers: {root, name}. */}}
{{- define "standins.usersOf" -}}
{{- $names := list -}}
{{- range $service, $row := include "mesh.topology" .root | fromYaml -}}
{{- if has $.name $row.standIns }}{{ $names = append $names $service }}{{ end -}}
{{- end -}}
{{- toYaml $names -}}
{{- end -}}
