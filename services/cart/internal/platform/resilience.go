package platform

import (
	"context"
	"errors"
	"time"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"
)

// What opens a circuit: half of at least breakerCalls calls within breakerWindow failed. It lets a call through again
// after breakerDelay.
const (
	breakerCalls   = 20
	breakerRate    = 0.5
	breakerWindow  = 5 * time.Second
	breakerDelay   = time.Second
	breakerSuccess = 3
)

// Breaker fails calls at once while an upstream is known to be away, so that they do not queue up for its time-out. This
// is the one file that knows failsafe-go (0.x; sony/gobreaker/v2 is the runner-up).
type Breaker struct {
	circuit  circuitbreaker.CircuitBreaker[any]
	rejected func() error
	isAway   func(error) bool
}

// NewBreaker makes a closed circuit to upstream. isAway tells an error of a missing upstream from an answer of it;
// rejected makes the error of a call that was not tried.
func NewBreaker(log Logger, metrics *Metrics, upstream string, isAway func(error) bool, rejected func() error) *Breaker {
	state := metrics.circuitState.WithLabelValues(upstream)
	state.Set(0)
	circuit := circuitbreaker.NewBuilder[any]().
		WithFailureRateThreshold(breakerRate, breakerCalls, breakerWindow).
		WithDelay(breakerDelay).
		WithSuccessThreshold(breakerSuccess).
		OnStateChanged(func(event circuitbreaker.StateChangedEvent) {
			levels := map[circuitbreaker.State]float64{
				circuitbreaker.ClosedState: 0, circuitbreaker.HalfOpenState: 1, circuitbreaker.OpenState: 2,
			}
			state.Set(levels[event.NewState])
			log.Warn("circuit changed", "upstream", upstream, "state", event.NewState.String())
		}).
		Build()
	return &Breaker{circuit: circuit, rejected: rejected, isAway: isAway}
}

// Do calls do, or fails at once when the circuit is open. Only a missing or too slow upstream counts as a failure; what
// it refuses, and what a caller gives up, does not.
func (b *Breaker) Do(ctx context.Context, do func(context.Context) error) (err error) {
	if !b.circuit.TryAcquirePermit() {
		return b.rejected()
	}
	away := true // until do returns, so that a panic gives its permit back as well
	defer func() {
		if away {
			b.circuit.RecordFailure()
		} else {
			b.circuit.RecordSuccess()
		}
	}()
	err = do(ctx)
	away = err != nil && (b.isAway(err) || errors.Is(err, context.DeadlineExceeded))
	return err
}
