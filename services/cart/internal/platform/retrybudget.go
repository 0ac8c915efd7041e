package platform

import "sync"

// What gRPC's retryThrottling has in protos' service configs: maxTokens and tokenRatio.
const (
	budgetMost  = 100.0
	budgetRatio = 0.1
)

// RetryBudget says whether an upstream can bear repetitions, so that one in trouble does not get the more calls the worse it
// fares. It is the token bucket of gRPC's retry throttling (gRFC A6): 100 tokens at first and at most, a failed attempt takes
// one, one that succeeds gives 0.1 back, and nothing is repeated at 50 or below. (grpc-go does not export its own, and
// failsafe-go's budget bounds what is under way at one moment: a caller who comes alone might repeat every call.)
type RetryBudget struct {
	mu     sync.Mutex
	tokens float64
}

// NewRetryBudget makes a full one.
func NewRetryBudget() *RetryBudget { return &RetryBudget{tokens: budgetMost} }

// Failed takes the token of a failed attempt.
func (b *RetryBudget) Failed() { b.add(-1) }

// Succeeded gives a part of a token back.
func (b *RetryBudget) Succeeded() { b.add(budgetRatio) }

// Allows tells whether a call may be repeated now.
func (b *RetryBudget) Allows() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.tokens > budgetMost/2
}

func (b *RetryBudget) add(tokens float64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.tokens = min(max(b.tokens+tokens, 0), budgetMost)
}
