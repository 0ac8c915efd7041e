{{/* Headless: callers see every ready pod's address and balance by themselves. The gateway's callers don't, so it has one address. */}}
{{- define "mesh.service" -}}
{{- $v := include "mesh.values" . | fromYaml -}}
apiVersion: v1
kind: Service
metadata:
  name: {{ .Chart.Name }}
  labels: {{- include "mesh.labels" . | nindent 4 }}
spec:
  {{- if eq .Chart.Name "gateway" }}
  type: {{ $v.service.type }}
  ports:
    - name: http
      port: {{ int $v.service.port }}
      targetPort: http
      appProtocol: http
      {{- with $v.service.nodePort }}
      nodePort: {{ int . }}
      {{- end }}
  {{- else }}
  clusterIP: None
  ports:
    - {name: grpc, port: 50051, targetPort: grpc, appProtocol: grpc}
  {{- end }}
  selector: {{- include "mesh.selectorLabels" . | nindent 4 }}
{{- end -}}
