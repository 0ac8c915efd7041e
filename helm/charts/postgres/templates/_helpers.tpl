{{- define "postgres.name" -}}
{{- required "owner: name the service whose database this is" .Values.owner }}-postgres
{{- end -}}

{{- define "postgres.labels" -}}
{{- include "mesh.labelsOf" (dict "root" . "name" (include "postgres.name" .)) -}}
{{- end -}}

{{- define "postgres.selector" -}}
{{- include "mesh.selectorLabelsOf" (dict "root" . "name" (include "postgres.name" .)) -}}
{{- end -}}
