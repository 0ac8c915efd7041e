{{/* Only the callers come in, nothing goes out. `more` are further ingress rules. */}}
{{- define "mesh.storePolicy" -}}
{{- if .root.Values.networkPolicy.enabled -}}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {{ .name }}
  labels: {{- include "mesh.labelsOf" . | nindent 4 }}
spec:
  podSelector:
    matchLabels: {{- include "mesh.selectorLabelsOf" . | nindent 6 }}
  policyTypes: [Ingress, Egress]
  ingress:
    - from: {{- include "mesh.podsNamed" .callers | nindent 8 }}
    {{- with .more }}{{ toYaml . | nindent 4 }}{{ end }}
{{- end -}}
{{- end -}}

{{/* The names of the services that use a store, as a YAML list: {root, store}. */}}
{{- define "mesh.usersOf" -}}
{{- $names := list -}}
{{- range $name, $row := include "mesh.topology" .root | fromYaml -}}
{{- if has $.store $row.stores }}{{ $names = append $names $name }}{{ end -}}
{{- end -}}
{{- toYaml $names -}}
{{- end -}}
