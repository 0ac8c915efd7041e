{{/* Generated from local/topology.py by `./banyan gen`: who calls whom. Not to be edited. */}}
{{- define "mesh.topology" -}}
user:
  language: python
  stores: [postgres, nats]
  upstreams: []
  callers: [gateway]
  standIns: []
product:
  language: python
  stores: [postgres, nats]
  upstreams: []
  callers: [order, gateway]
  standIns: []
cart:
  language: go
  stores: [redis, nats]
  upstreams: []
  callers: [order, gateway]
  standIns: []
inventory:
  language: python
  stores: [postgres, nats]
  upstreams: []
  callers: [order, gateway]
  standIns: []
payment:
  language: java
  stores: [postgres, nats]
  upstreams: []
  callers: [order, gateway]
  standIns: [payment-provider]
shipping:
  language: python
  stores: [postgres, nats]
  upstreams: []
  callers: [order, gateway]
  standIns: [carrier]
notification:
  language: typescript
  stores: [postgres, nats]
  upstreams: []
  callers: [gateway]
  standIns: [mail, sinks]
order:
  language: python
  stores: [postgres, nats]
  upstreams: [cart, product, inventory, payment, shipping]
  callers: [gateway]
  standIns: []
gateway:
  language: python
  stores: [redis]
  upstreams: [user, product, cart, inventory, order, payment, shipping, notification]
  callers: []
  standIns: []
{{- end -}}
