{{/* One pod away at a time unless told otherwise; a single replica may be evicted, else its node could never be drained. */}}
{{- define "mesh.pdb" -}}
{{- $v := include "mesh.values" . | fromYaml -}}
{{- if $v.pdb.enabled -}}
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ .Chart.Name }}
  labels: {{- include "mesh.labels" . | nindent 4 }}
spec:
  {{- if hasKey $v.pdb "minAvailable" }}
  minAvailable: {{ $v.pdb.minAvailable }}
  {{- else }}
  maxUnavailable: {{ $v.pdb.maxUnavailable | default 1 }}
  {{- end }}
  unhealthyPodEvictionPolicy: AlwaysAllow
  selector:
    matchLabels: {{- include "mesh.selectorLabels" . | nindent 6 }}
{{- end -}}
{{- end -}}
