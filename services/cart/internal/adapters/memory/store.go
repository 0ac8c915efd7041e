// Package memory keeps carts in the process: for running the service alone and for tests. They are gone with it.
package memory

import (
	"context"
	"maps"
	"sync"
	"time"

	"github.com/banyan-shop/banyan/services/cart/internal/app"
	"github.com/banyan-shop/banyan/services/cart/internal/domain"
)

// Clock tells the time.
type Clock interface{ Now() time.Time }

// Store implements app.Store with one lock around everything.
type Store struct {
	clock Clock

	mu      sync.Mutex
	carts   map[domain.Owner]domain.Cart
	settled map[string]time.Time // event id to the time at which it may be forgotten
}

var _ app.Store = (*Store)(nil)

// New makes an empty store.
func New(clock Clock) *Store {
	return &Store{clock: clock, carts: map[domain.Owner]domain.Cart{}, settled: map[string]time.Time{}}
}

// Ping always succeeds.
func (s *Store) Ping(context.Context) error { return nil }

// Get implements app.Store.
func (s *Store) Get(ctx context.Context, owner domain.Owner) (domain.Cart, error) {
	return s.update(ctx, owner, func(*domain.Cart, time.Time) error { return nil })
}

// Put implements app.Store.
func (s *Store) Put(ctx context.Context, owner domain.Owner, item domain.Item) (domain.Cart, error) {
	return s.update(ctx, owner, func(cart *domain.Cart, now time.Time) error {
		return cart.Put(item.ProductID, item.Quantity, now)
	})
}

// Remove implements app.Store.
func (s *Store) Remove(ctx context.Context, owner domain.Owner, productID string) (domain.Cart, error) {
	return s.update(ctx, owner, func(cart *domain.Cart, now time.Time) error {
		cart.Remove(productID, now)
		return nil
	})
}

// Clear implements app.Store.
func (s *Store) Clear(ctx context.Context, owner domain.Owner) (domain.Cart, error) {
	return s.update(ctx, owner, func(cart *domain.Cart, now time.Time) error {
		cart.Clear(now)
		return nil
	})
}

// Merge implements app.Store.
func (s *Store) Merge(ctx context.Context, user, guest domain.Owner) (domain.Cart, []string, error) {
	if err := ctx.Err(); err != nil {
		return domain.Cart{}, nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.clock.Now()
	mine, theirs := s.load(user, now), s.load(guest, now)
	dropped := mine.TakeOver(&theirs, now)
	s.save(user, mine)
	s.save(guest, theirs)
	return mine.Clone(), dropped, nil
}

// Settle implements app.Store.
func (s *Store) Settle(ctx context.Context, owner domain.Owner, eventID string, bought []domain.Item) (bool, error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.clock.Now()
	maps.DeleteFunc(s.settled, func(_ string, until time.Time) bool { return !now.Before(until) })
	if _, known := s.settled[eventID]; known {
		return false, nil
	}
	cart := s.load(owner, now)
	cart.Settle(bought, now)
	s.save(owner, cart)
	s.settled[eventID] = now.Add(app.SettledTTL)
	return true, nil
}

func (s *Store) update(
	ctx context.Context, owner domain.Owner, change func(*domain.Cart, time.Time) error,
) (domain.Cart, error) {
	if err := ctx.Err(); err != nil {
		return domain.Cart{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.clock.Now()
	cart := s.load(owner, now)
	if err := change(&cart, now); err != nil {
		return domain.Cart{}, err
	}
	s.save(owner, cart)
	return cart.Clone(), nil
}

// load returns a copy, so that a change that fails leaves no trace.
func (s *Store) load(owner domain.Owner, now time.Time) domain.Cart {
	cart, ok := s.carts[owner]
	if !ok || cart.Expired(now, owner.TTL()) {
		delete(s.carts, owner)
		return domain.Cart{}
	}
	return cart.Clone()
}

func (s *Store) save(owner domain.Owner, cart domain.Cart) {
	if cart.Revision > 0 {
		s.carts[owner] = cart
	}
}
