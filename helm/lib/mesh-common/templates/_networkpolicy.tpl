{{/* Pods of the namespace by their charts' names. */}}
{{- define "mesh.podsNamed" -}}
- podSelector:
    matchExpressions:
      - {key: app.kubernetes.io/name, operator: In, values: [{{ join ", " . }}]}
{{- end -}}

{{/* Nothing comes in but from the callers of the table, nothing goes out but to its upstreams, stores and stand-ins. */}}
{{- define "mesh.networkpolicy" -}}
{{- $v := include "mesh.values" . | fromYaml -}}
{{- $row := include "mesh.row" . | fromYaml -}}
{{- if $v.networkPolicy.enabled -}}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {{ .Chart.Name }}
  labels: {{- include "mesh.labels" . | nindent 4 }}
spec:
  podSelector:
    matchLabels: {{- include "mesh.selectorLabels" . | nindent 6 }}
  policyTypes: [Ingress, Egress]
  ingress:
    {{- if eq .Chart.Name "gateway" }}
    - ports: [{port: http}]
      {{- with $v.networkPolicy.edgeFrom }}
      from: {{- toYaml . | nindent 8 }}
      {{- end }}
    {{- else if concat $row.callers $v.networkPolicy.extraCallers }}
    - ports: [{port: grpc}]
      from: {{- include "mesh.podsNamed" (concat $row.callers $v.networkPolicy.extraCallers) | nindent 8 }}
    {{- end }}
    - ports: [{port: admin}]
      from:
        - namespaceSelector:
            matchLabels: {kubernetes.io/metadata.name: {{ $v.global.monitoringNamespace }}}
  egress:
    {{- include "mesh.egressDns" . | nindent 4 }}
    {{- include "mesh.egress" . | trim | nindent 4 }}
    {{- with $v.networkPolicy.extraEgress }}{{ toYaml . | nindent 4 }}{{ end }}
{{- end -}}
{{- end -}}
