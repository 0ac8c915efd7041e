{{/* What can't be about the ways in, as a YAML list of sentences. */}}
{{- define "mesh.edgeProblems" -}}
{{- $v := include "mesh.values" . | fromYaml -}}
{{- $found := list -}}
{{- if eq .Chart.Name "gateway" -}}
{{- if and $v.httpRoute.enabled (empty $v.httpRoute.parentRefs) -}}
{{- $found = append $found "httpRoute.enabled needs httpRoute.parentRefs, the Gateways it attaches to" -}}
{{- end -}}
{{- if and $v.ingress.tlsSecret (empty $v.ingress.host) -}}
{{- $found = append $found "ingress.tlsSecret needs ingress.host: a certificate is for a name" -}}
{{- end -}}
{{- if and $v.service.nodePort (eq $v.service.type "ClusterIP") -}}
{{- $found = append $found "service.nodePort needs service.type NodePort or LoadBalancer" -}}
{{- end -}}
{{- end -}}
{{- toYaml $found -}}
{{- end -}}
