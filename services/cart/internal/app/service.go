package app

import (
	"context"
	"strings"
	"time"

	"github.com/banyan-shop/banyan/services/cart/internal/domain"
)

// SettledTTL is how long a store remembers which events it has settled: longer than an event can be redelivered, with its
// backoff and a week-end of outage.
const SettledTTL = 8 * 24 * time.Hour

// Caller is for whom a call is made; either may be empty. A change of theirs is made once for its Request.
type Caller struct {
	UserID  string
	GuestID string
	Request Request
}

// Service is the use cases.
type Service struct {
	store Store
}

// NewService makes the use cases on a store.
func NewService(store Store) *Service { return &Service{store: store} }

// GetCart returns the caller's cart, an empty one when there is none.
func (s *Service) GetCart(ctx context.Context, caller Caller) (domain.Cart, error) {
	owner, err := domain.OwnerOf(caller.UserID, caller.GuestID)
	if err != nil {
		return domain.Cart{}, err
	}
	return s.store.Get(ctx, owner)
}

// PutItem sets the quantity of one product in the caller's cart.
func (s *Service) PutItem(ctx context.Context, caller Caller, item domain.Item) (Answer, error) {
	owner, err := domain.OwnerOf(caller.UserID, caller.GuestID)
	if err != nil {
		return Answer{}, err
	}
	if err := domain.CheckQuantity(item.Quantity); err != nil {
		return Answer{}, err
	}
	item.ProductID = canonical(item.ProductID)
	return s.store.Put(ctx, owner, item, caller.Request)
}

// RemoveItem takes one product out of the caller's cart.
func (s *Service) RemoveItem(ctx context.Context, caller Caller, productID string) (Answer, error) {
	owner, err := domain.OwnerOf(caller.UserID, caller.GuestID)
	if err != nil {
		return Answer{}, err
	}
	return s.store.Remove(ctx, owner, canonical(productID), caller.Request)
}

// ClearCart empties the caller's cart.
func (s *Service) ClearCart(ctx context.Context, caller Caller) (Answer, error) {
	owner, err := domain.OwnerOf(caller.UserID, caller.GuestID)
	if err != nil {
		return Answer{}, err
	}
	return s.store.Clear(ctx, owner, caller.Request)
}

// MergeCart moves the guest's cart into the user's; it returns the user's, and the products that found no room.
func (s *Service) MergeCart(ctx context.Context, caller Caller) (Answer, error) {
	if caller.UserID == "" {
		return Answer{}, domain.OwnerRequired()
	}
	guest, ok := domain.GuestOwner(caller.GuestID)
	if !ok {
		return Answer{}, domain.GuestRequired()
	}
	return s.store.Merge(ctx, domain.UserOwner(caller.UserID), guest, caller.Request)
}

// SettleOrder takes out of a user's cart what they have bought, once for an event; applied is false for a repeat.
func (s *Service) SettleOrder(ctx context.Context, eventID, userID string, bought []domain.Item) (applied bool, err error) {
	lines := make([]domain.Item, 0, len(bought))
	for _, line := range bought {
		lines = append(lines, domain.Item{ProductID: canonical(line.ProductID), Quantity: line.Quantity})
	}
	return s.store.Settle(ctx, domain.UserOwner(userID), eventID, lines)
}

// canonical gives the one spelling of an id: a UUID in upper case is the same product.
func canonical(productID string) string { return strings.ToLower(productID) }
