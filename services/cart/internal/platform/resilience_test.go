package platform_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/banyan-shop/banyan/services/cart/internal/platform"
	"github.com/banyan-shop/banyan/services/cart/internal/testkit"
)

var (
	errAway     = errors.New("away")
	errRejected = rejectedError{}
	errRefused  = errors.New("refused")
)

// rejectedError is what a service answers while a circuit is open.
type rejectedError struct{}

func (rejectedError) Error() string               { return "rejected" }
func (rejectedError) Kind() string                { return "unavailable" }
func (rejectedError) Reason() string              { return "AWAY" }
func (rejectedError) Message() string             { return "rejected" }
func (rejectedError) Metadata() map[string]string { return nil }

// newGuard guards "store", at which maxConcurrent calls may be at once, none of them waiting.
func newGuard(maxConcurrent int) (*platform.Guard, *platform.Metrics) {
	metrics := platform.NewMetrics()
	return platform.NewGuard(platform.NewLogger("demo", "error", io.Discard), metrics, platform.GuardConfig{
		Upstream: "store", MaxConcurrent: maxConcurrent,
		IsAway:   func(err error) bool { return errors.Is(err, errAway) },
		Rejected: func(error) error { return errRejected },
	}), metrics
}

func answer(err error) func(context.Context) error {
	return func(context.Context) error { return err }
}

func circuit(t *testing.T, metrics *platform.Metrics, want string) {
	t.Helper()
	text := `# HELP rpc_client_circuit_state 0 closed, 1 half open, 2 open
# TYPE rpc_client_circuit_state gauge
rpc_client_circuit_state{upstream="store"} ` + want + "\n"
	if err := testutil.GatherAndCompare(metrics.Registry, strings.NewReader(text), "rpc_client_circuit_state"); err != nil {
		t.Error(err)
	}
}

// fail has the circuit open: ten calls, each repeated once, are twenty failures.
func fail(t *testing.T, guard *platform.Guard) {
	t.Helper()
	for range 10 {
		if err := guard.Do(t.Context(), "Read", answer(errAway)); !errors.Is(err, errAway) {
			t.Fatal(err)
		}
	}
}

// reads is how many calls ended with a status.
func reads(t *testing.T, metrics *platform.Metrics, status string) uint64 {
	t.Helper()
	families, err := metrics.Registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		if family.GetName() != "rpc_client_call_duration_seconds" {
			continue
		}
		for _, metric := range family.GetMetric() {
			labels := map[string]string{}
			for _, label := range metric.GetLabel() {
				labels[label.GetName()] = label.GetValue()
			}
			if labels["upstream"] == "store" && labels["rpc_method"] == "Read" && labels["grpc_status"] == status {
				return metric.GetHistogram().GetSampleCount()
			}
		}
	}
	return 0
}

func retries(t *testing.T, metrics *platform.Metrics, want string) {
	t.Helper()
	text := `# HELP rpc_client_retries_total Attempts at outgoing RPCs beyond the first, each on the retry budget
# TYPE rpc_client_retries_total counter
rpc_client_retries_total{upstream="store"} ` + want + "\n"
	if err := testutil.GatherAndCompare(metrics.Registry, strings.NewReader(text), "rpc_client_retries_total"); err != nil {
		t.Error(err)
	}
}

func TestACircuitOpensOnOutagesAndClosesByItself(t *testing.T) {
	guard, metrics := newGuard(1)
	circuit(t, metrics, "0")
	fail(t, guard)
	circuit(t, metrics, "2")
	if err := guard.Do(t.Context(), "Read", answer(nil)); !errors.Is(err, errRejected) {
		t.Errorf("a call while it is open: %v", err)
	}
	testkit.Eventually(t, "it lets calls through", func() error { return guard.Do(t.Context(), "Read", answer(nil)) })
	circuit(t, metrics, "1")
	for range 2 {
		if err := guard.Do(t.Context(), "Read", answer(nil)); err != nil {
			t.Error(err)
		}
	}
	circuit(t, metrics, "0")
}

func TestRefusalsAndCallersWhoLeaveDoNotOpenACircuit(t *testing.T) {
	guard, metrics := newGuard(1)
	for _, err := range []error{errRefused, context.Canceled, nil} {
		for range 30 {
			if got := guard.Do(t.Context(), "Read", answer(err)); !errors.Is(got, err) {
				t.Fatal(got)
			}
		}
	}
	circuit(t, metrics, "0")
	for range 200 {
		// Too slow is as good as away; the circuit's own answers come after the first ones.
		_ = guard.Do(t.Context(), "Read", answer(context.DeadlineExceeded))
	}
	circuit(t, metrics, "2")
}

func TestAPanicGivesItsPermitBack(t *testing.T) {
	guard, _ := newGuard(1)
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic is gone")
			}
		}()
		_ = guard.Do(t.Context(), "Read", func(context.Context) error { panic("p") })
	}()
	if err := guard.Do(t.Context(), "Read", answer(nil)); err != nil {
		t.Error(err)
	}
}

// hold begins n calls that stay under way until opened, and waits until as many as want are; refused are the others' errors.
func hold(t *testing.T, guard *platform.Guard, n, want int) (refused []error, open func()) {
	t.Helper()
	inside, gate, answers := make(chan struct{}, n), make(chan struct{}), make(chan error, n)
	go testkit.Together(n, func(int) {
		answers <- guard.Do(t.Context(), "Read", func(context.Context) error {
			inside <- struct{}{}
			<-gate
			return nil
		})
	})
	lift := sync.OnceFunc(func() { close(gate) })
	t.Cleanup(lift)
	late := time.After(testkit.Patience)
	for range n {
		select {
		case err := <-answers:
			refused = append(refused, err)
		case <-inside:
		case <-late:
			t.Fatalf("%d of %d calls are neither refused nor under way", n-len(refused)-want, n)
		}
	}
	if len(refused) != n-want {
		t.Fatalf("%d of %d calls are under way at once, want %d", n-len(refused), n, want)
	}
	return refused, func() {
		lift()
		for range want {
			if err := <-answers; err != nil {
				t.Error(err)
			}
		}
	}
}

func TestAHalfOpenCircuitLetsThreeProbesThroughAtOnce(t *testing.T) {
	guard, metrics := newGuard(40)
	fail(t, guard)
	circuit(t, metrics, "2")
	testkit.Eventually(t, "it takes probes", func() error { return guard.Do(t.Context(), "Read", answer(nil)) })
	circuit(t, metrics, "1")
	refused, open := hold(t, guard, 30, 3)
	for _, err := range refused {
		if !errors.Is(err, errRejected) {
			t.Errorf("the fourth at once: %v", err)
		}
	}
	circuit(t, metrics, "1")
	if got := reads(t, metrics, "UNAVAILABLE"); got < 27 {
		t.Errorf("%d refused calls are measured", got)
	}
	open()
	circuit(t, metrics, "0")
}

func TestAFullBulkheadRefusesAndDoesNotOpenTheCircuit(t *testing.T) {
	guard, metrics := newGuard(2)
	refused, open := hold(t, guard, 50, 2)
	for _, err := range refused {
		var coded platform.Coded
		if !errors.As(err, &coded) || coded.Kind() != "resource_exhausted" || coded.Reason() != "OVERLOADED" {
			t.Errorf("it answers %v", err)
		}
	}
	open()
	circuit(t, metrics, "0")
	retries(t, metrics, "0")
	if full, ok := reads(t, metrics, "RESOURCE_EXHAUSTED"), reads(t, metrics, "OK"); full != 48 || ok != 2 {
		t.Errorf("%d calls were refused and %d served, as measured", full, ok)
	}
}

func TestACallThatWaitsForItsTurnGetsIt(t *testing.T) {
	metrics := platform.NewMetrics()
	guard := platform.NewGuard(platform.NewLogger("demo", "error", io.Discard), metrics, platform.GuardConfig{
		Upstream: "store", MaxConcurrent: 1, MaxWait: testkit.Patience,
		IsAway: func(error) bool { return false }, Rejected: func(err error) error { return err },
	})
	testkit.Together(20, func(int) {
		if err := guard.Do(t.Context(), "Read", answer(nil)); err != nil {
			t.Error(err)
		}
	})
	if got := reads(t, metrics, "OK"); got != 20 {
		t.Errorf("%d calls were served", got)
	}
}

func TestALostAnswerIsAskedForOnceMore(t *testing.T) {
	guard, metrics := newGuard(1)
	attempts := 0
	err := guard.Do(t.Context(), "Read", func(context.Context) error {
		if attempts++; attempts == 1 {
			return errAway
		}
		return nil
	})
	if err != nil || attempts != 2 {
		t.Errorf("%d attempts end with %v", attempts, err)
	}
	retries(t, metrics, "1")
	if got := reads(t, metrics, "OK"); got != 1 {
		t.Errorf("%d calls are measured, not one with its repetition", got)
	}
}

func TestTheBudgetIsThatOfGRPC(t *testing.T) {
	budget := platform.NewRetryBudget()
	for range 1000 {
		budget.Succeeded() // a full bucket takes no more
	}
	failures := 0
	for budget.Allows() {
		budget.Failed()
		failures++
	}
	if failures != 50 {
		t.Errorf("nothing is repeated after %d failures", failures)
	}
	for range 100 {
		budget.Failed() // an empty one owes nothing
	}
	successes := 0
	for !budget.Allows() {
		budget.Succeeded()
		successes++
	}
	if successes < 500 || successes > 501 {
		t.Errorf("calls are repeated again after %d successes", successes)
	}
}
