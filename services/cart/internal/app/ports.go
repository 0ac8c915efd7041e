// Package app holds the use cases of carts and the ports they need.
package app

import (
	"context"

	"github.com/banyan-shop/banyan/services/cart/internal/domain"
)

// Store keeps carts. Each method is one atomic step, whatever other writers do; none is retried by the use cases.
// An expired cart is as one that never was. Errors are domain errors, or the context's.
//
// The answer to a request with a key is kept for AnswerTTL, in the same step as its effect. The same request again gets that
// answer and has no effect; another request under the key is domain.KeyReused. Refusals are not kept.
type Store interface {
	// Get returns the owner's cart, the zero Cart when there is none.
	Get(ctx context.Context, owner domain.Owner) (domain.Cart, error)
	// Put does domain.Cart.Put, once for a request with a key, and returns the cart after it.
	Put(ctx context.Context, owner domain.Owner, item domain.Item, request Request) (Answer, error)
	// Remove does domain.Cart.Remove, once for a request with a key, and returns the cart after it.
	Remove(ctx context.Context, owner domain.Owner, productID string, request Request) (Answer, error)
	// Clear does domain.Cart.Clear, once for a request with a key, and returns the cart after it.
	Clear(ctx context.Context, owner domain.Owner, request Request) (Answer, error)
	// Merge does domain.Cart.TakeOver, once for a request of the user's with a key, and returns the user's cart after it.
	Merge(ctx context.Context, user, guest domain.Owner, request Request) (Answer, error)
	// Settle does domain.Cart.Settle once for an event: applied is false when the event was settled before. The memory
	// of an event, SettledTTL long, is written in the same step as its effect.
	Settle(ctx context.Context, owner domain.Owner, eventID string, bought []domain.Item) (applied bool, err error)
	// Ping fails while the store does not answer.
	Ping(ctx context.Context) error
}
