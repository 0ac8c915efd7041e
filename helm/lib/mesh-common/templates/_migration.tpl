{{/* `hook`: a job before each install and upgrade; `init`: a container before each pod's own; empty: none. */}}
{{- define "mesh.migrationMode" -}}
{{- $v := include "mesh.values" . | fromYaml -}}
{{- $row := include "mesh.row" . | fromYaml -}}
{{- if and (has "postgres" $row.stores) $v.migrations.enabled }}{{ $v.migrations.mode }}{{ end -}}
{{- end -}}

{{- define "mesh.migrationContainer" -}}
{{- $v := include "mesh.values" . | fromYaml -}}
name: migrations
image: {{ include "mesh.image" (dict "root" . "image" $v.migrations.image) }}
imagePullPolicy: {{ $v.migrations.image.pullPolicy }}
env:
  {{- include "mesh.secretVariable" (dict "env" "DATABASE_URL" "ref" $v.database.urlSecret) | nindent 2 }}
  {{- if eq $v.global.environment "development" }}
  - {name: PGSSLMODE, value: disable}  # an address that says sslmode itself wins
  {{- end }}
resources:
  requests: {cpu: 10m, memory: 24Mi}
  limits: {memory: 96Mi}
securityContext: {{- include "mesh.containerSecurity" . | nindent 2 }}
{{- end -}}

{{/* Before the rollout: while it runs, and when it fails, the old version serves on, so migrations only ever expand. */}}
{{- define "mesh.migrationJob" -}}
{{- if eq (include "mesh.migrationMode" .) "hook" -}}
{{- $v := include "mesh.values" . | fromYaml -}}
{{- $name := printf "%s-migrations" .Chart.Name -}}
apiVersion: batch/v1
kind: Job
metadata:
  name: {{ $name }}
  labels: {{- include "mesh.labelsOf" (dict "root" . "name" $name) | nindent 4 }}
  annotations: {{- include "mesh.hook" 0 | nindent 4 }}
spec:
  activeDeadlineSeconds: {{ int $v.migrations.deadlineSeconds }}
  backoffLimit: {{ sub (int $v.migrations.attempts) 1 }}
  template:
    metadata:
      labels: {{- include "mesh.labelsOf" (dict "root" . "name" $name) | nindent 8 }}
    spec:
      restartPolicy: Never
      automountServiceAccountToken: false
      securityContext: {{- include "mesh.podSecurity" 65532 | nindent 8 }}
      {{- include "mesh.pullSecrets" . | nindent 6 }}
      containers:
        - {{ include "mesh.migrationContainer" . | nindent 10 | trim }}
{{- end -}}
{{- end -}}

{{/* Takes the weight. A finished hook is removed before the next one, so that a failed one can be read. */}}
{{- define "mesh.hook" -}}
helm.sh/hook: pre-install,pre-upgrade
helm.sh/hook-weight: {{ . | quote }}
helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
{{- end -}}
