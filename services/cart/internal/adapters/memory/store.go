// Package memory keeps carts in the process: for running the service alone and for tests. They are gone with it.
package memory

import (
	"context"
	"maps"
	"slices"
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
	answers map[name]kept
}

// name is an owner's key of a request.
type name struct {
	owner domain.Owner
	key   string
}

// kept is the first answer to a request.
type kept struct {
	digest string
	answer app.Answer
	until  time.Time
}

var _ app.Store = (*Store)(nil)

// New makes an empty store.
func New(clock Clock) *Store {
	return &Store{
		clock: clock, carts: map[domain.Owner]domain.Cart{}, settled: map[string]time.Time{}, answers: map[name]kept{},
	}
}

// Ping always succeeds.
func (s *Store) Ping(context.Context) error { return nil }

// Get implements app.Store.
func (s *Store) Get(ctx context.Context, owner domain.Owner) (domain.Cart, error) {
	answer, err := s.update(ctx, owner, app.Request{}, func(*domain.Cart, time.Time) ([]string, error) { return nil, nil })
	return answer.Cart, err
}

// Put implements app.Store.
func (s *Store) Put(ctx context.Context, owner domain.Owner, item domain.Item, request app.Request) (app.Answer, error) {
	return s.update(ctx, owner, request, func(cart *domain.Cart, now time.Time) ([]string, error) {
		return nil, cart.Put(item.ProductID, item.Quantity, now)
	})
}

// Remove implements app.Store.
func (s *Store) Remove(ctx context.Context, owner domain.Owner, productID string, request app.Request) (app.Answer, error) {
	return s.update(ctx, owner, request, func(cart *domain.Cart, now time.Time) ([]string, error) {
		cart.Remove(productID, now)
		return nil, nil
	})
}

// Clear implements app.Store.
func (s *Store) Clear(ctx context.Context, owner domain.Owner, request app.Request) (app.Answer, error) {
	return s.update(ctx, owner, request, func(cart *domain.Cart, now time.Time) ([]string, error) {
		cart.Clear(now)
		return nil, nil
	})
}

// Merge implements app.Store.
func (s *Store) Merge(ctx context.Context, user, guest domain.Owner, request app.Request) (app.Answer, error) {
	return s.update(ctx, user, request, func(mine *domain.Cart, now time.Time) ([]string, error) {
		theirs := s.load(guest, now)
		dropped := mine.TakeOver(&theirs, now)
		s.save(guest, theirs)
		return dropped, nil
	})
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

// update makes a change once for its request; change also tells which products found no room.
func (s *Store) update(
	ctx context.Context, owner domain.Owner, request app.Request, change func(*domain.Cart, time.Time) ([]string, error),
) (app.Answer, error) {
	if err := ctx.Err(); err != nil {
		return app.Answer{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now, id := s.clock.Now(), name{owner, request.Key}
	maps.DeleteFunc(s.answers, func(_ name, first kept) bool { return !now.Before(first.until) })
	if first, known := s.answers[id]; known {
		return first.again(request)
	}
	cart := s.load(owner, now)
	dropped, err := change(&cart, now)
	if err != nil {
		return app.Answer{}, err
	}
	s.save(owner, cart)
	answer := app.Answer{Cart: cart.Clone(), Dropped: dropped}
	if request.Keyed() {
		s.answers[id] = kept{digest: request.Digest, answer: answer, until: now.Add(app.AnswerTTL)}
	}
	return answer, nil
}

// again answers a repeat, unless it is another request.
func (k kept) again(request app.Request) (app.Answer, error) {
	if k.digest != request.Digest {
		return app.Answer{}, domain.KeyReused()
	}
	return app.Answer{Cart: k.answer.Clone(), Dropped: slices.Clone(k.answer.Dropped), Replayed: true}, nil
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
