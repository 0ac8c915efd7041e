{{/* The way in from outside, by Ingress. */}}
{{- define "mesh.ingress" -}}
{{- $v := include "mesh.values" . | fromYaml -}}
{{- if $v.ingress.enabled -}}
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: {{ .Chart.Name }}
  labels: {{- include "mesh.labels" . | nindent 4 }}
  {{- with $v.ingress.annotations }}
  annotations: {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  {{- with $v.ingress.className }}
  ingressClassName: {{ . }}
  {{- end }}
  {{- with $v.ingress.tlsSecret }}
  tls: [{hosts: [{{ $v.ingress.host }}], secretName: {{ . }}}]
  {{- end }}
  rules:
    - {{ with $v.ingress.host }}host: {{ . }}
      {{ end }}http:
        paths:
          - path: /
            pathType: Prefix
            backend: {service: {name: {{ .Chart.Name }}, port: {name: http}}}
{{- end -}}
{{- end -}}

{{/* And by the Gateway API. */}}
{{- define "mesh.httproute" -}}
{{- $v := include "mesh.values" . | fromYaml -}}
{{- if $v.httpRoute.enabled -}}
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata:
  name: {{ .Chart.Name }}
  labels: {{- include "mesh.labels" . | nindent 4 }}
spec:
  parentRefs: {{- toYaml $v.httpRoute.parentRefs | nindent 4 }}
  {{- with $v.httpRoute.hostnames }}
  hostnames: {{- toYaml . | nindent 4 }}
  {{- end }}
  rules:
    - matches: [{path: {type: PathPrefix, value: /}}]
      backendRefs: [{name: {{ .Chart.Name }}, port: {{ int $v.service.port }}}]
      timeouts: {request: {{ $v.httpRoute.timeout }}}
{{- end -}}
{{- end -}}
