package platform_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/banyan-shop/banyan/services/cart/internal/platform"
	"github.com/banyan-shop/banyan/services/cart/internal/testkit"
)

var (
	errAway     = errors.New("away")
	errRejected = errors.New("rejected")
	errRefused  = errors.New("refused")
)

func newBreaker() (*platform.Breaker, *platform.Metrics) {
	metrics := platform.NewMetrics()
	return platform.NewBreaker(platform.NewLogger("demo", "error", io.Discard), metrics, "store",
		func(err error) bool { return errors.Is(err, errAway) }, func() error { return errRejected }), metrics
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

func TestACircuitOpensOnOutagesAndClosesByItself(t *testing.T) {
	breaker, metrics := newBreaker()
	circuit(t, metrics, "0")
	for range 20 {
		if err := breaker.Do(t.Context(), answer(errAway)); !errors.Is(err, errAway) {
			t.Fatal(err)
		}
	}
	circuit(t, metrics, "2")
	if err := breaker.Do(t.Context(), answer(nil)); !errors.Is(err, errRejected) {
		t.Errorf("a call while it is open: %v", err)
	}
	testkit.Eventually(t, "it lets calls through", func() error { return breaker.Do(t.Context(), answer(nil)) })
	circuit(t, metrics, "1")
	for range 2 {
		if err := breaker.Do(t.Context(), answer(nil)); err != nil {
			t.Error(err)
		}
	}
	circuit(t, metrics, "0")
}

func TestRefusalsAndCallersWhoLeaveDoNotOpenACircuit(t *testing.T) {
	breaker, metrics := newBreaker()
	for _, err := range []error{errRefused, context.Canceled, nil} {
		for range 30 {
			if got := breaker.Do(t.Context(), answer(err)); !errors.Is(got, err) {
				t.Fatal(got)
			}
		}
	}
	circuit(t, metrics, "0")
	for range 200 {
		// Too slow is as good as away; the circuit's own answers come after the first ones.
		_ = breaker.Do(t.Context(), answer(context.DeadlineExceeded))
	}
	circuit(t, metrics, "2")
}

func TestAPanicGivesItsPermitBack(t *testing.T) {
	breaker, _ := newBreaker()
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic is gone")
			}
		}()
		_ = breaker.Do(t.Context(), func(context.Context) error { panic("p") })
	}()
	if err := breaker.Do(t.Context(), answer(nil)); err != nil {
		t.Error(err)
	}
}
