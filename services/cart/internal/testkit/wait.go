// Package testkit starts real stores for tests and waits for what they do; only tests import it.
package testkit

import (
	"sync"
	"testing"
	"time"
)

// Patience is how long a test waits for what must come.
const Patience = 20 * time.Second

// Eventually waits until ready returns nil, and fails the test with its last error when that takes too long.
func Eventually(t *testing.T, what string, ready func() error) {
	t.Helper()
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	late := time.After(Patience)
	for {
		err := ready()
		if err == nil {
			return
		}
		select {
		case <-ticker.C:
		case <-late:
			t.Fatalf("%s: %v", what, err)
		}
	}
}

// Together runs work n times at once, begun at one moment, and waits for all.
func Together(n int, work func(i int)) {
	var all sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		all.Go(func() {
			<-start
			work(i)
		})
	}
	close(start)
	all.Wait()
}

// Clock stands still until told to move.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// NewClock starts at a fixed time of whole microseconds, which is what stores keep.
func NewClock() *Clock { return &Clock{now: time.Date(2026, 3, 1, 12, 0, 0, 123_456_000, time.UTC)} }

// Now is the time it was moved to.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance moves it on.
func (c *Clock) Advance(by time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(by)
}
