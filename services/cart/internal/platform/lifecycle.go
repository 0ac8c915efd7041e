package platform

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"
)

const (
	startLimit = 30 * time.Second
	// Beyond its grace a part gets this long to let go before it is left behind.
	stopMargin = 2 * time.Second
)

// Component is a part with a life: a pool, a connection, a consumer.
type Component interface {
	// Name is what logs call it.
	Name() string
	// Start begins; it must not wait for a neighbour, which is what readiness is for.
	Start(ctx context.Context) error
	// Stop ends within ctx; it is safe when Start failed or never ran.
	Stop(ctx context.Context) error
}

// lifecycle starts parts in order and stops them in reverse.
type lifecycle struct {
	log        Logger
	components []Component
	started    []Component
}

// start starts all; when one fails, its error is returned and stop still has to be called for the rest.
func (l *lifecycle) start(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	for _, component := range l.components {
		l.started = append(l.started, component)
		if err := component.Start(ctx); err != nil {
			return fmt.Errorf("start %s: %w", component.Name(), err)
		}
	}
	return nil
}

// stop stops all that were started, with one grace for all together; one that hangs or fails keeps no other.
func (l *lifecycle) stop(grace time.Duration) {
	until := time.Now().Add(grace)
	for len(l.started) > 0 {
		last := len(l.started) - 1
		component := l.started[last]
		l.started = l.started[:last]
		stopWithin(l.log, component.Name(), max(time.Until(until), 100*time.Millisecond), component.Stop)
	}
}

// failure is what makes the process unfit to live on: a part whose background work has died.
func (l *lifecycle) failure() error {
	var all []error
	for _, component := range l.components {
		if failing, ok := component.(interface{ Failure() error }); ok {
			all = append(all, failing.Failure())
		}
	}
	return errors.Join(all...)
}

// stopWithin runs one step of the shutdown; a failed or late one is logged and left, so that the next ones run.
func stopWithin(log Logger, name string, limit time.Duration, stop func(context.Context) error) {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- stop(ctx) }()
	late := time.NewTimer(limit + stopMargin)
	defer late.Stop()
	select {
	case err := <-done:
		if err != nil {
			log.Error("failed to stop", "component", name, "error", err.Error())
		}
	case <-late.C:
		log.Error("did not stop in time", "component", name, "limit_s", limit.Seconds())
	}
}

// background runs one function until stopped. A function that returns before that has died, which is its failure.
type background struct {
	cancel context.CancelFunc
	done   chan struct{}
	once   sync.Once
	died   atomic.Pointer[error]
}

func (b *background) start(log Logger, name string, run func(context.Context)) {
	ctx, cancel := context.WithCancel(context.Background()) //nolint:gosec // stop calls it
	b.cancel, b.done = cancel, make(chan struct{})
	go func() {
		defer close(b.done)
		defer func() {
			reason := recover()
			if reason == nil && ctx.Err() != nil {
				return
			}
			err := fmt.Errorf("%s ended by itself", name)
			if reason != nil {
				err = fmt.Errorf("%s: panic: %v\n%s", name, reason, debug.Stack())
			}
			b.died.Store(&err)
			log.Error("background task died", "component", name, "error", err.Error())
		}()
		run(ctx)
	}()
}

func (b *background) stop(ctx context.Context) error {
	if b.cancel == nil {
		return nil
	}
	b.once.Do(b.cancel)
	select {
	case <-b.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (b *background) failure() error {
	if err := b.died.Load(); err != nil {
		return *err
	}
	return nil
}

// pause waits, or less when ctx ends.
func pause(ctx context.Context, wait time.Duration) {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
