package platform

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"time"
)

const (
	checkLimit        = 2 * time.Second
	checkPeriod       = time.Second
	checkPeriodUnwell = 100 * time.Millisecond
)

// Check fails while a part that calls cannot do without does not answer; it ends with its context.
type Check func(ctx context.Context) error

// readiness is proven by checks, off until then and while draining; it tells publish whenever the answer changes.
type readiness struct {
	log     Logger
	checks  map[string]Check
	publish func(ready bool)
	loop    background
	first   chan struct{}

	mu       sync.Mutex
	ready    bool
	draining bool
	reasons  map[string]string
}

func newReadiness(log Logger, checks map[string]Check, publish func(bool)) *readiness {
	return &readiness{
		log: log, checks: checks, publish: publish, first: make(chan struct{}),
		reasons: map[string]string{"start": "not checked yet"},
	}
}

func (r *readiness) start() { r.loop.start(r.log, "readiness", r.run) }

func (r *readiness) stop(ctx context.Context) error { return r.loop.stop(ctx) }

func (r *readiness) run(ctx context.Context) {
	for once := false; ctx.Err() == nil; once = true {
		reasons := r.check(ctx)
		if ctx.Err() != nil { // checks that were cut short say nothing
			return
		}
		r.set(reasons)
		if !once {
			close(r.first)
		}
		if len(reasons) == 0 {
			pause(ctx, checkPeriod)
		} else {
			pause(ctx, checkPeriodUnwell)
		}
	}
}

// check runs every check once, all together.
func (r *readiness) check(ctx context.Context) map[string]string {
	ctx, cancel := context.WithTimeout(ctx, checkLimit)
	defer cancel()
	var mu sync.Mutex
	var all sync.WaitGroup
	reasons := map[string]string{}
	for name, probe := range r.checks {
		all.Go(func() {
			if err := probe(ctx); err != nil {
				mu.Lock()
				reasons[name] = err.Error()
				mu.Unlock()
			}
		})
	}
	all.Wait()
	return reasons
}

func (r *readiness) set(reasons map[string]string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.draining {
		return
	}
	r.reasons = reasons
	ready := len(reasons) == 0
	if ready == r.ready {
		return
	}
	r.ready = ready
	if !ready {
		r.log.Warn("not ready", "reasons", fmt.Sprint(reasons))
	}
	r.publish(ready)
}

// drain turns it off for good: the process is about to stop.
func (r *readiness) drain() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.draining, r.ready = true, false
	r.reasons = map[string]string{"drain": "the process is stopping"}
	r.publish(false)
}

// notReady is why, by name; empty when ready.
func (r *readiness) notReady() map[string]string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.reasons)
}
