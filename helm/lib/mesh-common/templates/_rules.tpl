{{/*
Alerts for a Prometheus run by its operator, one for each entry of monitor.rules.alerts. $NAMESPACE in `expr` is the release's
namespace, as in the triggers; `runbook` is a file of this repository, which monitor.rules.repository says where to find.
*/}}
{{- define "mesh.prometheusRule" -}}
{{- $v := include "mesh.values" . | fromYaml -}}
{{- if and $v.monitor.rules.enabled $v.monitor.rules.alerts -}}
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: {{ .Chart.Name }}
  labels:
    {{- include "mesh.labels" . | nindent 4 }}
    {{- with $v.monitor.rules.labels }}{{ toYaml . | nindent 4 }}{{ end }}
spec:
  groups:
    - name: {{ .Chart.Name }}
      rules:
        {{- range $v.monitor.rules.alerts }}
        - alert: {{ .alert }}
          expr: {{ .expr | replace "$NAMESPACE" $.Release.Namespace | quote }}
          for: {{ .for }}
          labels: {severity: {{ .severity }}, service: {{ $.Chart.Name }}}
          annotations:
            summary: {{ .summary | quote }}
            runbook_url: {{ printf "%s%s" $v.monitor.rules.repository .runbook | quote }}
        {{- end }}
{{- end -}}
{{- end -}}
