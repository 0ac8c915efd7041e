{{/* What `helm install` says at the end. */}}
{{- define "mesh.notes" -}}
{{ .Chart.Name }} {{ .Chart.AppVersion }} is being rolled out in namespace {{ .Release.Namespace }}.

  kubectl -n {{ .Release.Namespace }} rollout status deployment/{{ .Chart.Name }}
  kubectl -n {{ .Release.Namespace }} port-forward deployment/{{ .Chart.Name }} 9090   # /readyz says what it waits for, /metrics how it does
{{- end -}}
