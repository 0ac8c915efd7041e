package platform

import (
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// Outcomes of an event, as inbox_events_total labels them.
const (
	outcomeProcessed    = "processed"
	outcomeDuplicate    = "duplicate"
	outcomeRetried      = "retried"
	outcomeDeadLettered = "dead_lettered"
)

// callBuckets are the bounds of a call's duration, in seconds.
var callBuckets = []float64{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10}

// Metrics are those common to all services; names, units and labels as protos/config/telemetry.yaml has them. Each process
// (or test) has its own registry, into which a service puts its own metrics too.
type Metrics struct {
	Registry *prometheus.Registry

	clientMetrics

	inFlight       atomic.Int64
	serverDuration *prometheus.HistogramVec
	shed           prometheus.Counter
	noDeadline     prometheus.Counter
	inboxEvents    *prometheus.CounterVec
	liveReloads    *prometheus.CounterVec
	liveValid      prometheus.Gauge
}

// clientMetrics are those of calls that go out.
type clientMetrics struct {
	clientDuration *prometheus.HistogramVec
	clientRetries  *prometheus.CounterVec
	circuitState   *prometheus.GaugeVec
}

func newClientMetrics() clientMetrics {
	return clientMetrics{
		clientDuration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "rpc_client_call_duration_seconds",
			Help:    "Time of an RPC that went out, retries included",
			Buckets: callBuckets,
		}, []string{"upstream", "rpc_method", "grpc_status"}),
		clientRetries: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "rpc_client_retries_total",
			Help: "Attempts at outgoing RPCs beyond the first, each on the retry budget",
		}, []string{"upstream"}),
		circuitState: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "rpc_client_circuit_state", Help: "0 closed, 1 half open, 2 open",
		}, []string{"upstream"}),
	}
}

// NewMetrics makes and registers them.
func NewMetrics() *Metrics {
	m := &Metrics{
		Registry:      prometheus.NewRegistry(),
		clientMetrics: newClientMetrics(),
		serverDuration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "rpc_server_call_duration_seconds",
			Help:    "Time from headers to the end of an RPC that came in",
			Buckets: callBuckets,
		}, []string{"rpc_service", "rpc_method", "grpc_status"}),
		shed: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "rpc_server_shed_total", Help: "RPCs refused because the server was full",
		}),
		noDeadline: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "rpc_server_no_deadline_total", Help: "RPCs that came without a deadline; each one is a caller's bug",
		}),
		inboxEvents: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "inbox_events_total", Help: "Events by outcome: processed, duplicate, retried, dead_lettered",
		}, []string{"consumer", "subject", "outcome"}),
		liveReloads: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "live_settings_reloads_total", Help: "Changes of the file of live settings, applied or refused",
		}, []string{"outcome"}),
		liveValid: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "live_settings_valid",
			Help: "1 while the file of live settings can be applied, 0 while it is refused or there is none",
		}),
	}
	inFlight := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "rpc_server_in_flight", Help: "RPCs running now",
	}, m.InFlight)
	for _, outcome := range []string{"applied", "refused"} {
		m.liveReloads.WithLabelValues(outcome) // an alert's rate needs a zero to rise from
	}
	m.Registry.MustRegister(m.serverDuration, m.shed, m.noDeadline, m.inboxEvents, inFlight,
		m.clientDuration, m.clientRetries, m.circuitState, m.liveReloads, m.liveValid,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// InFlight is the number of RPCs being answered now; health and reflection do not count.
func (m *Metrics) InFlight() float64 { return float64(m.inFlight.Load()) }

// expectCalls makes an RPC's series before its first call: a rate needs a zero to rise from, and a scaler takes a series
// that is missing for a failure.
func (m *Metrics) expectCalls(rpc method) {
	m.serverDuration.WithLabelValues(rpc.service, rpc.name, "OK")
}

func (m *Metrics) observeCall(rpc method, status string, took time.Duration) {
	m.serverDuration.WithLabelValues(rpc.service, rpc.name, status).Observe(took.Seconds())
}

func (m *Metrics) countEvent(consumer, subject, outcome string) {
	m.inboxEvents.WithLabelValues(consumer, subject, outcome).Inc()
}
