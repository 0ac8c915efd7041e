package platform

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/failsafe-go/failsafe-go/bulkhead"
	"github.com/failsafe-go/failsafe-go/circuitbreaker"
)

// What opens a circuit: half of at least breakerCalls attempts within breakerWindow failed. After breakerDelay it lets
// breakerProbes attempts through at once, and closes when most of them succeed.
const (
	breakerCalls  = 20
	breakerRate   = 0.5
	breakerWindow = 5 * time.Second
	breakerDelay  = time.Second
	breakerProbes = 3
)

// retryPause is the mean pause before a repetition; each is drawn from 0 to twice that.
const retryPause = 10 * time.Millisecond

// errCircuitOpen is why a call was not tried; such a call is not repeated.
var errCircuitOpen = errors.New("circuit open")

// GuardConfig says what is called, and how its errors are to be read.
type GuardConfig struct {
	// Upstream is its name in metrics and logs.
	Upstream string
	// MaxConcurrent is how many calls may be under way at once, 1 or more.
	MaxConcurrent int
	// MaxWait is how long one more call waits for its turn; then it is refused as Overloaded.
	MaxWait time.Duration
	// IsAway tells an error of a missing upstream from an answer of it. Only such errors open the circuit and are repeated.
	IsAway func(error) bool
	// Rejected makes the error of a call that is not tried, the circuit being open.
	Rejected func(cause error) error
}

// Guard stands around each call to an upstream: bounded concurrency, a circuit, one repetition on a budget, and metrics.
// This is the one file that knows failsafe-go (0.x; sony/gobreaker/v2 is the runner-up).
type Guard struct {
	config  GuardConfig
	metrics *Metrics
	turns   bulkhead.Bulkhead[any]
	circuit circuitbreaker.CircuitBreaker[any]
	budget  *RetryBudget
}

// NewGuard makes one with a closed circuit.
func NewGuard(log Logger, metrics *Metrics, config GuardConfig) *Guard {
	state := metrics.circuitState.WithLabelValues(config.Upstream)
	state.Set(0)
	metrics.clientRetries.WithLabelValues(config.Upstream) // an alert's rate needs a zero to rise from
	circuit := circuitbreaker.NewBuilder[any]().
		WithFailureRateThreshold(breakerRate, breakerCalls, breakerWindow).
		WithDelay(breakerDelay).
		WithSuccessThreshold(breakerProbes).
		OnStateChanged(func(event circuitbreaker.StateChangedEvent) {
			levels := map[circuitbreaker.State]float64{
				circuitbreaker.ClosedState: 0, circuitbreaker.HalfOpenState: 1, circuitbreaker.OpenState: 2,
			}
			state.Set(levels[event.NewState])
			log.Warn("circuit changed", "upstream", config.Upstream, "state", event.NewState.String())
		}).
		Build()
	return &Guard{
		config: config, metrics: metrics, circuit: circuit, budget: NewRetryBudget(),
		turns: bulkhead.New[any](uint(max(config.MaxConcurrent, 1))),
	}
}

// Do calls do, which must be harmless to repeat, and once more when the upstream is away and the budget allows it. It returns
// do's error; Overloaded when no turn came within MaxWait; Rejected's error at once while the circuit is open; or the
// context's. operation is the call's name in metrics. Only a missing or too slow upstream counts against the circuit; a full
// bulkhead, what the upstream refuses, and what a caller gives up do not.
func (g *Guard) Do(ctx context.Context, operation string, do func(context.Context) error) error {
	return g.Measure(ctx, operation, func(ctx context.Context) error {
		if err := g.turns.AcquirePermitWithMaxWait(ctx, g.config.MaxWait); err != nil {
			if errors.Is(err, bulkhead.ErrFull) {
				return Overloaded("too many calls to " + g.config.Upstream)
			}
			return err
		}
		defer g.turns.ReleasePermit()
		err := g.attempt(ctx, do)
		if !g.mayRepeat(ctx, err) {
			return err
		}
		select {
		case <-time.After(rand.N(2 * retryPause)): //nolint:gosec // a pause needs no secret
		case <-ctx.Done():
			return err
		}
		return g.attempt(ctx, func(ctx context.Context) error {
			g.metrics.clientRetries.WithLabelValues(g.config.Upstream).Inc()
			return do(ctx)
		})
	})
}

// Measure calls do with nothing but the metric around it: for a check whether the upstream is back.
func (g *Guard) Measure(ctx context.Context, operation string, do func(context.Context) error) (err error) {
	begun, returned := time.Now(), false
	defer func() {
		status := "INTERNAL" // a panic, which goes on
		if returned {
			status = outcomeOf(err)
		}
		g.metrics.clientDuration.WithLabelValues(g.config.Upstream, operation, status).Observe(time.Since(begun).Seconds())
	}()
	err = do(ctx)
	returned = true
	return err
}

// attempt calls do when the circuit lets it, and tells circuit and budget how it went.
func (g *Guard) attempt(ctx context.Context, do func(context.Context) error) (err error) {
	if !g.circuit.TryAcquirePermit() {
		return g.config.Rejected(errCircuitOpen)
	}
	away := true // until do returns, so that a panic gives its permit back as well
	defer func() {
		if away {
			g.circuit.RecordFailure()
			g.budget.Failed()
		} else {
			g.circuit.RecordSuccess()
			g.budget.Succeeded()
		}
	}()
	err = do(ctx)
	away = err != nil && (g.config.IsAway(err) || errors.Is(err, context.DeadlineExceeded))
	return err
}

// mayRepeat tells whether a failed call is worth another attempt, and whether the upstream can bear it.
func (g *Guard) mayRepeat(ctx context.Context, err error) bool {
	return err != nil && g.config.IsAway(err) && !errors.Is(err, errCircuitOpen) && ctx.Err() == nil && g.budget.Allows()
}

// outcomeOf is the canonical status that a call's error stands for; whatever ran out of time is DEADLINE_EXCEEDED.
func outcomeOf(err error) string {
	var late interface{ Timeout() bool } // as net.Error has it, and the context's error too
	switch {
	case err == nil:
		return "OK"
	case errors.As(err, &late) && late.Timeout():
		return "DEADLINE_EXCEEDED"
	}
	answer, _ := statusOf(err, "")
	return statusName(answer.Code())
}
