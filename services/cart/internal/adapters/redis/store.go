// Package redis keeps carts in Redis; see keys.go for what lies there.
package redis

import (
	"context"
	"maps"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/banyan-shop/banyan/services/cart/internal/app"
	"github.com/banyan-shop/banyan/services/cart/internal/domain"
)

const full = "FULL"

// Clock tells the time.
type Clock interface{ Now() time.Time }

// Breaker stops calls while the server is known to be away; it calls do, or fails at once.
type Breaker interface {
	Do(ctx context.Context, do func(context.Context) error) error
}

// Store implements app.Store. Changes are Lua scripts, so each is one step however many replicas write.
type Store struct {
	client  *Client
	breaker Breaker
	clock   Clock
	scripts scripts
}

var _ app.Store = (*Store)(nil)

// New makes a store on a client, which stays the caller's to close.
func New(client *Client, breaker Breaker, clock Clock) *Store {
	return &Store{client: client, breaker: breaker, clock: clock, scripts: loadScripts()}
}

// Ping implements app.Store; it goes past the breaker, for it tells whether the server is back.
func (s *Store) Ping(ctx context.Context) error {
	return classify(s.client.Ping(ctx).Err())
}

// Get implements app.Store.
func (s *Store) Get(ctx context.Context, owner domain.Owner) (domain.Cart, error) {
	var cart domain.Cart
	err := s.call(ctx, func(ctx context.Context) error {
		fields, err := s.client.HGetAll(ctx, cartKey(owner)).Result()
		if err != nil {
			return err
		}
		cart, err = decode(maps.All(fields))
		return err
	})
	if err != nil || cart.Expired(s.clock.Now(), owner.TTL()) {
		return domain.Cart{}, err
	}
	return cart, nil
}

// Put implements app.Store.
func (s *Store) Put(ctx context.Context, owner domain.Owner, item domain.Item) (domain.Cart, error) {
	if err := domain.CheckQuantity(item.Quantity); err != nil {
		return domain.Cart{}, err
	}
	return s.change(ctx, s.scripts.put, owner, item.ProductID, item.Quantity, domain.MaxLines)
}

// Remove implements app.Store.
func (s *Store) Remove(ctx context.Context, owner domain.Owner, productID string) (domain.Cart, error) {
	return s.change(ctx, s.scripts.remove, owner, productID)
}

// Clear implements app.Store.
func (s *Store) Clear(ctx context.Context, owner domain.Owner) (domain.Cart, error) {
	return s.change(ctx, s.scripts.clear, owner)
}

// Merge implements app.Store.
func (s *Store) Merge(ctx context.Context, user, guest domain.Owner) (domain.Cart, []string, error) {
	var cart domain.Cart
	var dropped []string
	err := s.call(ctx, func(ctx context.Context) error {
		reply, err := s.scripts.merge.Run(ctx, s.client, []string{cartKey(user), cartKey(guest)},
			s.now(), user.TTL().Milliseconds(), guest.TTL().Milliseconds(), domain.MaxLines).Slice()
		if err != nil {
			return err
		}
		hash, products, err := mergeReply(reply)
		if err != nil {
			return err
		}
		dropped = products
		cart, err = decode(pairs(hash))
		return err
	})
	if err != nil {
		return domain.Cart{}, nil, err
	}
	return cart, dropped, nil
}

// Settle implements app.Store.
func (s *Store) Settle(ctx context.Context, owner domain.Owner, eventID string, bought []domain.Item) (bool, error) {
	args := make([]any, 0, 3+2*len(bought))
	args = append(args, s.now(), owner.TTL().Milliseconds(), app.SettledTTL.Milliseconds())
	for _, line := range bought {
		args = append(args, line.ProductID, line.Quantity)
	}
	applied := false
	err := s.call(ctx, func(ctx context.Context) error {
		var err error
		applied, err = s.scripts.settle.Run(ctx, s.client, []string{cartKey(owner), settledKey(eventID)}, args...).Bool()
		return err
	})
	return applied, err
}

// change runs a script that answers with one cart's hash.
func (s *Store) change(ctx context.Context, script *goredis.Script, owner domain.Owner, args ...any) (domain.Cart, error) {
	var cart domain.Cart
	err := s.call(ctx, func(ctx context.Context) error {
		all := append([]any{s.now(), owner.TTL().Milliseconds()}, args...)
		flat, err := script.Run(ctx, s.client, []string{cartKey(owner)}, all...).StringSlice()
		if err != nil {
			return err
		}
		if len(flat) == 1 && flat[0] == full {
			return domain.CartFull()
		}
		cart, err = decode(pairs(flat))
		return err
	})
	if err != nil {
		return domain.Cart{}, err
	}
	return cart, nil
}

func (s *Store) call(ctx context.Context, do func(context.Context) error) error {
	return s.breaker.Do(ctx, func(ctx context.Context) error { return classify(do(ctx)) })
}

func (s *Store) now() int64 { return s.clock.Now().UnixMicro() }
