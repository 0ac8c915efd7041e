{{- define "mesh.container" -}}
{{- $v := include "mesh.values" . | fromYaml -}}
name: {{ .Chart.Name }}
image: {{ include "mesh.image" (dict "root" . "image" $v.image) }}
imagePullPolicy: {{ $v.image.pullPolicy }}
{{- if include "mesh.syncs" . }}
command: {{ include "mesh.syncCommand" . }}
{{- end }}
envFrom:
  - configMapRef: {name: {{ .Chart.Name }}}
{{- with include "mesh.env" . | trim }}
env: {{- . | nindent 2 }}
{{- end }}
ports:
  {{- if eq .Chart.Name "gateway" }}
  - {name: http, containerPort: 8080}
  {{- else }}
  - {name: grpc, containerPort: 50051}
  {{- end }}
  - {name: admin, containerPort: 9090}
{{ include "mesh.probes" . }}
{{- $wait := include "mesh.preStopSeconds" $v | int }}
{{- if gt $wait 0 }}
lifecycle:
  preStop: {sleep: {seconds: {{ $wait }}}}
{{- end }}
resources: {{- toYaml $v.resources | nindent 2 }}
securityContext: {{- include "mesh.containerSecurity" . | nindent 2 }}
volumeMounts:
  - {name: tmp, mountPath: /tmp}
  - {name: live, mountPath: /etc/banyan/live, readOnly: true}
  {{- if include "mesh.syncs" . }}
  - {name: sources, mountPath: /app/src}
  {{- end }}
  {{- range $name, $file := $v.secretFiles }}
  - {name: {{ $name }}, mountPath: {{ $file.mountPath }}, readOnly: true}
  {{- end }}
{{- end -}}
