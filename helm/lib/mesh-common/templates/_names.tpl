{{/* The chart's values over the library's defaults, as YAML; `fromYaml` gives them back. */}}
{{- define "mesh.values" -}}
{{- $merged := mustMergeOverwrite (include "mesh.defaults" . | fromYaml) (deepCopy (omit .Values "mesh-common")) -}}
{{- with $merged.global.migrations.mode }}{{ $_ := set $merged.migrations "mode" . }}{{ end -}}
{{- with $merged.global.autoscaling.mode }}{{ $_ := set $merged.autoscaling "mode" . }}{{ end -}}
{{- toYaml $merged -}}
{{- end -}}

{{/* The row of this service in the table of callers. */}}
{{- define "mesh.row" -}}
{{- get (include "mesh.topology" . | fromYaml) .Chart.Name | toYaml -}}
{{- end -}}

{{/* What the service's environment variables begin with. */}}
{{- define "mesh.prefix" -}}
{{- .Chart.Name | upper | replace "-" "_" -}}
{{- end -}}

{{/* The full reference of an image: {root, image}. A digest wins over a tag; without both the chart's appVersion is taken. */}}
{{- define "mesh.image" -}}
{{- $registry := dig "imageRegistry" "" (.root.Values.global | default dict) -}}
{{- $name := ternary .image.repository (printf "%s/%s" $registry .image.repository) (empty $registry) -}}
{{- if .image.digest -}}
{{ $name }}@{{ .image.digest }}
{{- else -}}
{{ $name }}:{{ .image.tag | default .root.Chart.AppVersion }}
{{- end -}}
{{- end -}}

{{/* Pull secrets of all images, as a pod's field. */}}
{{- define "mesh.pullSecrets" -}}
{{- with dig "imagePullSecrets" list (.Values.global | default dict) }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- end -}}
