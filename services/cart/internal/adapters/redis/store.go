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

// Clock tells the time.
type Clock interface{ Now() time.Time }

// Guard stands around each call to the server. Do calls do, perhaps twice, or refuses it when the server is known to be away
// or busy; Measure only measures. The operation is the port's.
type Guard interface {
	Do(ctx context.Context, operation string, do func(context.Context) error) error
	Measure(ctx context.Context, operation string, do func(context.Context) error) error
}

// Store implements app.Store. Changes are Lua scripts, so each is one step however many replicas write.
type Store struct {
	client  *Client
	guard   Guard
	clock   Clock
	scripts scripts
}

var _ app.Store = (*Store)(nil)

// New makes a store on a client, which stays the caller's to close.
func New(client *Client, guard Guard, clock Clock) *Store {
	return &Store{client: client, guard: guard, clock: clock, scripts: loadScripts()}
}

// Ping implements app.Store; it goes past the circuit, for it tells whether the server is back.
func (s *Store) Ping(ctx context.Context) error {
	return s.guard.Measure(ctx, "Ping", func(ctx context.Context) error { return classify(s.client.Ping(ctx).Err()) })
}

// Get implements app.Store.
func (s *Store) Get(ctx context.Context, owner domain.Owner) (domain.Cart, error) {
	var cart domain.Cart
	err := s.call(ctx, "Get", func(ctx context.Context) error {
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
func (s *Store) Put(ctx context.Context, owner domain.Owner, item domain.Item, request app.Request) (app.Answer, error) {
	if err := domain.CheckQuantity(item.Quantity); err != nil {
		return app.Answer{}, err
	}
	return s.change(ctx, change{"Put", s.scripts.put, owner, request}, nil, item.ProductID, item.Quantity, domain.MaxLines)
}

// Remove implements app.Store.
func (s *Store) Remove(ctx context.Context, owner domain.Owner, productID string, request app.Request) (app.Answer, error) {
	return s.change(ctx, change{"Remove", s.scripts.remove, owner, request}, nil, productID)
}

// Clear implements app.Store.
func (s *Store) Clear(ctx context.Context, owner domain.Owner, request app.Request) (app.Answer, error) {
	return s.change(ctx, change{"Clear", s.scripts.clear, owner, request}, nil)
}

// Merge implements app.Store.
func (s *Store) Merge(ctx context.Context, user, guest domain.Owner, request app.Request) (app.Answer, error) {
	return s.change(ctx, change{"Merge", s.scripts.merge, user, request}, []string{cartKey(guest)}, guest.TTL().Milliseconds(), domain.MaxLines)
}

// Settle implements app.Store.
func (s *Store) Settle(ctx context.Context, owner domain.Owner, eventID string, bought []domain.Item) (bool, error) {
	args := make([]any, 0, 3+2*len(bought))
	args = append(args, s.now(), owner.TTL().Milliseconds(), app.SettledTTL.Milliseconds())
	for _, line := range bought {
		args = append(args, line.ProductID, line.Quantity)
	}
	applied := false
	err := s.call(ctx, "Settle", func(ctx context.Context) error {
		var err error
		applied, err = s.scripts.settle.Run(ctx, s.client, []string{cartKey(owner), settledKey(eventID)}, args...).Bool()
		return err
	})
	return applied, err
}

// change is a script that answers a request with the owner's cart.
type change struct {
	operation string
	script    *goredis.Script
	owner     domain.Owner
	request   app.Request
}

// change runs a script, with more keys and arguments than all of them take.
func (s *Store) change(ctx context.Context, what change, moreKeys []string, moreArgs ...any) (app.Answer, error) {
	keys := append([]string{cartKey(what.owner)}, moreKeys...)
	if what.request.Keyed() {
		keys = append(keys, answerKey(what.owner, what.request))
	}
	args := append([]any{
		s.now(), what.owner.TTL().Milliseconds(), what.request.Digest, app.AnswerTTL.Milliseconds(),
	}, moreArgs...)
	var answer app.Answer
	err := s.call(ctx, what.operation, func(ctx context.Context) error {
		reply, err := what.script.Run(ctx, s.client, keys, args...).Slice()
		if err != nil {
			return err
		}
		answer, err = answerOf(reply)
		return err
	})
	if err != nil {
		return app.Answer{}, err
	}
	return answer, nil
}

func (s *Store) call(ctx context.Context, operation string, do func(context.Context) error) error {
	return s.guard.Do(ctx, operation, func(ctx context.Context) error { return classify(do(ctx)) })
}

func (s *Store) now() int64 { return s.clock.Now().UnixMicro() }
