{{/* Labels that never change: selectors are made of them. `mesh.labelsOf` takes {root, name}. */}}
{{- define "mesh.selectorLabelsOf" -}}
app.kubernetes.io/name: {{ .name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- end -}}

{{- define "mesh.labelsOf" -}}
{{ include "mesh.selectorLabelsOf" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/part-of: banyan
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "mesh.selectorLabels" -}}
{{- include "mesh.selectorLabelsOf" (dict "root" . "name" .Chart.Name) -}}
{{- end -}}

{{- define "mesh.labels" -}}
{{- include "mesh.labelsOf" (dict "root" . "name" .Chart.Name) -}}
{{- end -}}
