{{/* What a service's values are unless its own values.yaml says otherwise. Documented in helm/schema.yaml. */}}
{{- define "mesh.defaults" -}}
global:
  environment: development
  imageRegistry: ""
  imagePullSecrets: []
  nats: {url: "nats://nats:4222", monitoring: ""}
  prometheus: {url: "http://prometheus.monitoring:9090"}
  monitoringNamespace: monitoring
  otlpEndpoint: ""
  dnsSeconds: 5
  migrations: {mode: ""}
  autoscaling: {mode: ""}
image: {repository: banyan/{{ .Chart.Name }}, tag: "", digest: "", pullPolicy: IfNotPresent}
replicas: 1
config: {}
live: {}
secretEnv: {}
secretFiles: {}
database: {urlSecret: {name: {{ .Chart.Name }}-database, key: url}, poolMax: 5, extraConnections: 1, maxConnections: 60, reserved: 5}
redis: {urlSecret: {name: {{ .Chart.Name }}-redis, key: url}}
migrations:
  enabled: true
  mode: hook
  image: {repository: banyan/{{ .Chart.Name }}-migrations, tag: "", digest: "", pullPolicy: IfNotPresent}
  deadlineSeconds: 120
  attempts: 3
resources: {requests: {cpu: 40m, memory: 96Mi}, limits: {memory: 256Mi}}
drain: {delaySeconds: 3, graceSeconds: 10}
probes:
  startup: {periodSeconds: 1, timeoutSeconds: 2, failureThreshold: 120}
  readiness: {periodSeconds: 2, timeoutSeconds: 2, failureThreshold: 2}
  liveness: {periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6}
pdb: {enabled: true}
topologySpread: {enabled: true, maxSkew: 1, topologyKey: kubernetes.io/hostname, whenUnsatisfiable: ScheduleAnyway}
networkPolicy: {enabled: true, extraCallers: [], extraEgress: []}
autoscaling:
  mode: none
  minReplicas: 1
  maxReplicas: 4
  resource: {cpuPercent: 70, memoryPercent: 85}
  signals: {pollingSeconds: 5, fallbackReplicas: 2, thresholdPercent: 100, triggers: []}
  behavior:
    scaleUp:
      stabilizationWindowSeconds: 0
      selectPolicy: Max
      policies: [{type: Percent, value: 100, periodSeconds: 15}, {type: Pods, value: 2, periodSeconds: 15}]
    scaleDown:
      stabilizationWindowSeconds: 120
      policies: [{type: Pods, value: 1, periodSeconds: 30}]
monitor: {annotations: true, podMonitor: {enabled: false, intervalSeconds: 15, labels: {}}, rules: {enabled: false, labels: {}, repository: "", alerts: []}}
serviceAccount: {annotations: {}}
podAnnotations: {}
podLabels: {}
dev: {sync: false}
nodeSelector: {}
tolerations: []
affinity: {}
priorityClassName: ""
{{- end -}}
