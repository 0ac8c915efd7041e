{{/* An account of its own, without a token: no service asks the Kubernetes API. */}}
{{- define "mesh.serviceaccount" -}}
{{- $v := include "mesh.values" . | fromYaml -}}
apiVersion: v1
kind: ServiceAccount
metadata:
  name: {{ .Chart.Name }}
  labels: {{- include "mesh.labels" . | nindent 4 }}
  {{- with $v.serviceAccount.annotations }}
  annotations: {{- toYaml . | nindent 4 }}
  {{- end }}
automountServiceAccountToken: false
{{- end -}}
