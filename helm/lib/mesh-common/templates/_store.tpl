{{/* The volume of a store's StatefulSet, from the values `persistence`; it goes with the release. */}}
{{- define "mesh.claim" -}}
{{- if .Values.persistence.enabled -}}
persistentVolumeClaimRetentionPolicy: {whenDeleted: Delete, whenScaled: Retain}
volumeClaimTemplates:
  - metadata: {name: data}
    spec:
      accessModes: [ReadWriteOnce]
      {{- with .Values.persistence.storageClass }}
      storageClassName: {{ . }}
      {{- end }}
      resources: {requests: {storage: {{ .Values.persistence.size }}}}
{{- end -}}
{{- end -}}

{{/* Account and Service of a store or stand-in: {root, name, ports: {name: number}}. */}}
{{- define "mesh.storeAccount" -}}
apiVersion: v1
kind: ServiceAccount
metadata:
  name: {{ .name }}
  labels: {{- include "mesh.labelsOf" . | nindent 4 }}
automountServiceAccountToken: false
{{- end -}}

{{- define "mesh.storeService" -}}
apiVersion: v1
kind: Service
metadata:
  name: {{ .name }}
  labels: {{- include "mesh.labelsOf" . | nindent 4 }}
spec:
  ports:
    {{- range $name, $port := .ports }}
    - {name: {{ $name }}, port: {{ $port }}, targetPort: {{ $name }}}
    {{- end }}
  selector: {{- include "mesh.selectorLabelsOf" . | nindent 4 }}
{{- end -}}
