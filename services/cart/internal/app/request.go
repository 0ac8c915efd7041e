package app

import (
	"time"

	"github.com/banyan-shop/banyan/services/cart/internal/domain"
)

// AnswerTTL is how long a store keeps the first answer to a request with a key.
const AnswerTTL = 24 * time.Hour

// Request tells the same request again from another one. The zero Request has no key: each call has its effect.
type Request struct {
	// Key names the request among those of one owner: the method and the caller's id for it.
	Key string
	// Digest is of all that was asked for, so that another request under the same key is found out.
	Digest string
}

// Keyed tells whether a repeat of the request is to be known as one.
func (r Request) Keyed() bool { return r.Key != "" }

// Answer is what a change answers with: the cart after it.
type Answer struct {
	domain.Cart

	// Dropped are the products of a guest's cart that found no room.
	Dropped []string
	// Replayed is true for the first answer, given again.
	Replayed bool
}
