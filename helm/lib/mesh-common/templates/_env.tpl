{{/* One variable from a secret: {env, ref: {name, key}}. */}}
{{- define "mesh.secretVariable" -}}
- name: {{ .env }}
  valueFrom:
    secretKeyRef: {name: {{ .ref.name | default .ref.secret }}, key: {{ .ref.key }}}
{{- end -}}

{{/* Variables that come from secrets; all others come from the ConfigMap. */}}
{{- define "mesh.env" -}}
{{- $v := include "mesh.values" . | fromYaml -}}
{{- $row := include "mesh.row" . | fromYaml -}}
{{- $prefix := include "mesh.prefix" . -}}
{{- if has "postgres" $row.stores }}
{{ include "mesh.secretVariable" (dict "env" (printf "%s_DATABASE_URL" $prefix) "ref" $v.database.urlSecret) }}
{{- end }}
{{- if has "redis" $row.stores }}
{{ include "mesh.secretVariable" (dict "env" (printf "%s_REDIS_URL" $prefix) "ref" $v.redis.urlSecret) }}
{{- end }}
{{- range $name, $ref := $v.secretEnv }}
{{ include "mesh.secretVariable" (dict "env" $name "ref" $ref) }}
{{- end }}
{{- end -}}
