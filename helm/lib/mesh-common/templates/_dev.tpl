{{/* Whether new sources can be brought into running pods, as `skaffold dev` does; empty when not. */}}
{{- define "mesh.syncs" -}}
{{- if and (include "mesh.values" . | fromYaml).dev.sync (has (include "mesh.row" . | fromYaml).language (list "python" "typescript")) }}yes{{ end -}}
{{- end -}}

{{- define "mesh.syncCommand" -}}
{{- if eq (include "mesh.row" . | fromYaml).language "python" -}}
[/venv/bin/python, -m, meshkit.dev, {{ .Chart.Name }}]
{{- else -}}
[node, --watch-path=/app/src, --watch-preserve-output, --max-old-space-size=96, --max-semi-space-size=1, start.mjs]
{{- end -}}
{{- end -}}

{{/* The sources lie on a volume then: the root stays read-only, and what was brought outlives the restart that takes it up. */}}
{{- define "mesh.syncContainer" -}}
{{- $v := include "mesh.values" . | fromYaml -}}
name: sources
image: {{ include "mesh.image" (dict "root" . "image" $v.image) }}
imagePullPolicy: {{ $v.image.pullPolicy }}
command: [cp, -r, /app/src/., /sources]
resources: {{- toYaml $v.resources | nindent 2 }}
securityContext: {{- include "mesh.containerSecurity" . | nindent 2 }}
volumeMounts: [{name: sources, mountPath: /sources}]
{{- end -}}
