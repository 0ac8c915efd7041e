// Package storetest is the contract of app.Store: every store passes this one suite, races included.
package storetest

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/banyan-shop/banyan/services/cart/internal/app"
	"github.com/banyan-shop/banyan/services/cart/internal/domain"
	"github.com/banyan-shop/banyan/services/cart/internal/testkit"
)

// NewStore makes the store under test; clock is its time. It is called for each test, and may give the same data twice:
// tests use owners of their own.
type NewStore func(t *testing.T, clock *testkit.Clock) app.Store

// Run runs the whole contract.
func Run(t *testing.T, newStore NewStore) {
	t.Helper()
	for name, test := range map[string]func(*fixture){
		"a cart never filled is empty":                            emptyCart,
		"lines keep the order in which they were put in":          order,
		"to put the same again changes nothing":                   repeatedPut,
		"taking out what is not there changes nothing":            removeMissing,
		"a cleared cart is empty and keeps its revision":          clearCart,
		"the 51st line is refused and leaves no trace":            lineLimit,
		"a quantity outside 1 to 99 is refused":                   quantityLimit,
		"owners do not see each other":                            isolation,
		"a cart is gone when its time is over":                    expiry,
		"a change starts the time anew":                           renewal,
		"a merge takes the larger quantity":                       mergeLarger,
		"a merge leaves behind what finds no room, and repeats":   mergeOverflow,
		"a merge of nothing changes nothing":                      mergeNothing,
		"an expired guest's cart is not merged":                   mergeExpired,
		"only what was bought is taken out":                       settleExactly,
		"an event is settled once":                                settleOnce,
		"an event for an empty cart is remembered":                settleEmpty,
		"no writer loses a change":                                raceOfWriters,
		"writers of the same lines are as if one after the other": raceOnOneCart,
		"the limit holds against many writers":                    raceAtTheLimit,
		"many merges at once move each line once":                 raceOfMerges,
		"one event settled at once by many takes effect once":     raceOfSettlers,
		"a call that was given up changes nothing":                givenUp,
		"a repeat gets the first answer and changes nothing":      repeatedRequest,
		"another request under a key is refused":                  reusedKey,
		"keys are each owner's own":                               ownKeys,
		"a refusal is not kept":                                   refusalNotKept,
		"a key is new again when its time is over":                keyExpiry,
		"a merge is repeated with what it dropped":                repeatedMerge,
		"one request made at once by many takes effect once":      raceOfRepeats,
		"any sequence of calls does what the domain says it does": model,
	} {
		t.Run(name, func(t *testing.T) {
			clock := testkit.NewClock()
			test(&fixture{T: t, clock: clock, store: newStore(t, clock)})
		})
	}
}

// fixture is what each test works with; its helpers fail the test on an error.
type fixture struct {
	*testing.T

	clock *testkit.Clock
	store app.Store
}

func (f *fixture) user() domain.Owner { return domain.UserOwner(NewID()) }

func (f *fixture) guest() domain.Owner {
	f.Helper()
	owner, ok := domain.GuestOwner("guest-" + NewID())
	if !ok {
		f.Fatal("a guest's id is refused")
	}
	return owner
}

func (f *fixture) get(owner domain.Owner) domain.Cart {
	f.Helper()
	cart, err := f.store.Get(context.Background(), owner)
	return must(f, cart, err)
}

func (f *fixture) put(owner domain.Owner, productID string, quantity int) domain.Cart {
	f.Helper()
	answer, err := f.store.Put(context.Background(), owner, domain.Item{ProductID: productID, Quantity: quantity}, app.Request{})
	return must(f, answer, err).Cart
}

func (f *fixture) fill(owner domain.Owner, prefix string, lines int) {
	f.Helper()
	for i := range lines {
		f.put(owner, product(prefix, i), 1)
	}
}

func (f *fixture) merge(user, guest domain.Owner) (domain.Cart, []string) {
	f.Helper()
	answer, err := f.store.Merge(context.Background(), user, guest, app.Request{})
	return must(f, answer, err).Cart, answer.Dropped
}

func (f *fixture) settle(owner domain.Owner, eventID string, bought ...domain.Item) bool {
	f.Helper()
	applied, err := f.store.Settle(context.Background(), owner, eventID, bought)
	return must(f, applied, err)
}

// holds fails unless the cart's lines are these, "product:quantity" in order.
func (f *fixture) holds(cart domain.Cart, want ...string) {
	f.Helper()
	got := make([]string, 0, len(cart.Items))
	for _, item := range cart.Items {
		got = append(got, fmt.Sprintf("%s:%d", item.ProductID, item.Quantity))
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		f.Errorf("lines are %v, want %v", got, want)
	}
}

func (f *fixture) same(what string, got, want any) {
	f.Helper()
	if got != want {
		f.Errorf("%s is %v, want %v", what, got, want)
	}
}

func (f *fixture) refused(err error, want *domain.Error) {
	f.Helper()
	if !errors.Is(err, want) {
		f.Errorf("error is %v, want %v", err, want)
	}
}

func must[T any](f *fixture, value T, err error) T {
	f.Helper()
	if err != nil {
		f.Fatalf("call failed: %v", err)
	}
	return value
}

func product(prefix string, i int) string { return fmt.Sprintf("%s-%02d", prefix, i) }
