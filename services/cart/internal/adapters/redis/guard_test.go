package redis_test

import (
	"context"
	"errors"
	"io"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/banyan-shop/banyan/services/cart/internal/adapters/redis"
	"github.com/banyan-shop/banyan/services/cart/internal/domain"
	"github.com/banyan-shop/banyan/services/cart/internal/platform"
	"github.com/banyan-shop/banyan/services/cart/internal/testkit"
)

// guarded is a store with few connections, whose metrics and client the test sees.
type guarded struct {
	*redis.Store

	client  *redis.Client
	metrics *platform.Metrics
}

func newGuarded(t *testing.T, url string, poolMax int) guarded {
	t.Helper()
	client, err := redis.NewClient(url, poolMax)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := client.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	metrics := platform.NewMetrics()
	guard := redis.NewGuard(platform.NewLogger("test", "error", io.Discard), metrics, poolMax)
	return guarded{redis.New(client, guard, testkit.NewClock()), client, metrics}
}

// sample is one series of upstream redis: a gauge's or counter's value, or how many a histogram has seen.
func (g guarded) sample(t *testing.T, name string, labels prometheus.Labels) float64 {
	t.Helper()
	families, err := g.metrics.Registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		if family.GetName() != name {
			continue
		}
		for _, metric := range family.GetMetric() {
			found := true
			for _, label := range metric.GetLabel() {
				value, asked := labels[label.GetName()]
				found = found && (!asked || value == label.GetValue())
			}
			if found {
				return metric.GetGauge().GetValue() + metric.GetCounter().GetValue() + float64(metric.GetHistogram().GetSampleCount())
			}
		}
	}
	return 0
}

// ended is how many calls of an operation ended with a status.
func (g guarded) ended(t *testing.T, operation, status string) float64 {
	t.Helper()
	return g.sample(t, "rpc_client_call_duration_seconds", prometheus.Labels{
		"upstream": "redis", "rpc_method": operation, "grpc_status": status,
	})
}

func (g guarded) circuit(t *testing.T) float64 {
	t.Helper()
	return g.sample(t, "rpc_client_circuit_state", prometheus.Labels{"upstream": "redis"})
}

func isOverloaded(err error) bool {
	var coded platform.Coded
	return errors.As(err, &coded) && coded.Kind() == "resource_exhausted"
}

func TestAPoolThatIsTakenIsNoOutage(t *testing.T) {
	const pool, callers = 2, 30
	server := testkit.StartRedis(t)
	store := newGuarded(t, server.URL, pool)
	held := make([]interface{ Close() error }, 0, pool)
	for range pool {
		connection := store.client.Conn() // taken out of the pool by its first command, until closed
		if err := connection.Ping(t.Context()).Err(); err != nil {
			t.Fatal(err)
		}
		held = append(held, connection)
	}
	testkit.Together(callers, func(int) {
		if _, err := store.Get(t.Context(), domain.UserOwner("u")); !isOverloaded(err) {
			t.Errorf("a call without a connection answers %v", err)
		}
	})
	if got := store.ended(t, "Get", "RESOURCE_EXHAUSTED"); got != callers {
		t.Errorf("%v calls are measured as refused", got)
	}
	if state := store.circuit(t); state != 0 {
		t.Errorf("the circuit is at %v although the server is well", state)
	}
	if retries := store.sample(t, "rpc_client_retries_total", prometheus.Labels{"upstream": "redis"}); retries != 0 {
		t.Errorf("%v refusals were repeated", retries)
	}
	for _, connection := range held {
		if err := connection.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := store.Get(t.Context(), domain.UserOwner("u")); err != nil {
		t.Errorf("with a free pool it answers %v", err)
	}
}

func TestRepetitionsStayWithinTheirBudgetInAnOutage(t *testing.T) {
	for name, outage := range map[string]struct {
		everyNth int64
		circuit  float64
	}{
		"all cut":      {everyNth: 1, circuit: 2},
		"one in 3 cut": {everyNth: 3, circuit: 0}, // not enough to open the circuit: only the budget holds them back
	} {
		t.Run(name, func(t *testing.T) {
			const callers, each = 8, 125
			wire := testkit.NewWire(t, testkit.StartRedis(t), "hgetall", outage.everyNth)
			store := newGuarded(t, wire.URL, callers)
			var failed atomic.Int64
			testkit.Together(callers, func(caller int) {
				for range each {
					if _, err := store.Get(t.Context(), domain.UserOwner(strconv.Itoa(caller))); err != nil {
						failed.Add(1)
					}
				}
			})
			attempts, retries := wire.Seen.Load(), store.sample(t, "rpc_client_retries_total", prometheus.Labels{"upstream": "redis"})
			amplification := float64(attempts) / (callers * each)
			t.Logf("%d attempts, %v of them repetitions, %.3f per call; %d calls failed", attempts, retries, amplification, failed.Load())
			if amplification >= 1.2 {
				t.Errorf("Redis gets %.2f times the calls", amplification)
			}
			if retries < 1 || failed.Load() < 1 {
				t.Errorf("%v repetitions, %d failures: there was no outage", retries, failed.Load())
			}
			if state := store.circuit(t); state != outage.circuit {
				t.Errorf("the circuit is at %v, want %v", state, outage.circuit)
			}
		})
	}
}

func TestACallersDeadlineEndsItsWorkAtAPausedServer(t *testing.T) {
	const patience, limit, pause = 100 * time.Millisecond, 400 * time.Millisecond, 2 * time.Second // a command's limit is 500 ms
	server := testkit.StartRedis(t)
	store, plain := newGuarded(t, server.URL, 4), server.Client(t)
	owner := domain.UserOwner("u")
	if _, err := store.Get(t.Context(), owner); err != nil {
		t.Fatal(err)
	}
	if err := plain.ClientPause(t.Context(), pause).Err(); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 12 { // four are under way, the others wait for their turn
		all.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			begun := time.Now()
			_, err := store.Get(ctx, owner)
			if took := time.Since(begun); err == nil || took > limit {
				t.Errorf("a caller with %v gets %v after %v", patience, err, took)
			}
		})
	}
	all.Wait()
	if late := store.ended(t, "Get", "DEADLINE_EXCEEDED"); late != 12 {
		t.Errorf("%v calls are measured as late", late)
	}
	if retries := store.sample(t, "rpc_client_retries_total", prometheus.Labels{"upstream": "redis"}); retries != 0 {
		t.Errorf("%v were repeated after their caller's time", retries)
	}
	testkit.Eventually(t, "it answers after the pause", func() error {
		_, err := store.Get(t.Context(), owner)
		return err
	})
}
