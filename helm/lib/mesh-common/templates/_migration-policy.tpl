{{/* The job may speak to its database alone; it runs before the chart's own policy is there. */}}
{{- define "mesh.migrationPolicy" -}}
{{- $v := include "mesh.values" . | fromYaml -}}
{{- if and (eq (include "mesh.migrationMode" .) "hook") $v.networkPolicy.enabled -}}
{{- $name := printf "%s-migrations" .Chart.Name -}}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {{ $name }}
  labels: {{- include "mesh.labelsOf" (dict "root" . "name" $name) | nindent 4 }}
  annotations: {{- include "mesh.hook" -5 | nindent 4 }}
spec:
  podSelector:
    matchLabels: {{- include "mesh.selectorLabelsOf" (dict "root" . "name" $name) | nindent 6 }}
  policyTypes: [Ingress, Egress]
  egress:
    {{- include "mesh.egressDns" . | nindent 4 }}
    - ports: [{port: 5432}]
      to: {{- include "mesh.podsNamed" (list (printf "%s-postgres" .Chart.Name)) | nindent 8 }}
    {{- with $v.networkPolicy.extraEgress }}{{ toYaml . | nindent 4 }}{{ end }}
{{- end -}}
{{- end -}}
