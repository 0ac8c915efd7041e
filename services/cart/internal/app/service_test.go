package app_test

import (
	"errors"
	"fmt"
	"testing"

	"go.uber.org/goleak"

	"github.com/banyan-shop/banyan/services/cart/internal/adapters/memory"
	"github.com/banyan-shop/banyan/services/cart/internal/app"
	"github.com/banyan-shop/banyan/services/cart/internal/domain"
	"github.com/banyan-shop/banyan/services/cart/internal/testkit"
)

const guestID = "a-guest-of-the-house"

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func newService() *app.Service { return app.NewService(memory.New(testkit.NewClock())) }

func TestWithoutAnOwnerNothingIsDone(t *testing.T) {
	service, nobody := newService(), app.Caller{GuestID: "too short"}
	_, get := service.GetCart(t.Context(), nobody)
	_, put := service.PutItem(t.Context(), nobody, domain.Item{ProductID: "pear", Quantity: 1})
	_, remove := service.RemoveItem(t.Context(), nobody, "pear")
	_, empty := service.ClearCart(t.Context(), nobody)
	_, merge := service.MergeCart(t.Context(), app.Caller{GuestID: guestID})
	for name, err := range map[string]error{"get": get, "put": put, "remove": remove, "clear": empty, "merge": merge} {
		if !errors.Is(err, domain.OwnerRequired()) {
			t.Errorf("%s answers %v", name, err)
		}
	}
}

func TestTheUserGoesBeforeTheGuest(t *testing.T) {
	service := newService()
	both := app.Caller{UserID: "u1", GuestID: guestID}
	if _, err := service.PutItem(t.Context(), both, domain.Item{ProductID: "pear", Quantity: 1}); err != nil {
		t.Fatal(err)
	}
	guest, err := service.GetCart(t.Context(), app.Caller{GuestID: guestID})
	if err != nil || len(guest.Items) != 0 {
		t.Errorf("the guest has %v, %v", guest, err)
	}
	user, err := service.GetCart(t.Context(), app.Caller{UserID: "u1"})
	if err != nil || len(user.Items) != 1 {
		t.Errorf("the user has %v, %v", user, err)
	}
}

func TestOneProductHasOneSpelling(t *testing.T) {
	service, caller := newService(), app.Caller{UserID: "u1"}
	for quantity, id := range []string{"0190B7C0-AAAA", "0190b7c0-aaaa", "0190b7C0-aAaA"} {
		if _, err := service.PutItem(t.Context(), caller, domain.Item{ProductID: id, Quantity: quantity + 1}); err != nil {
			t.Fatal(err)
		}
	}
	cart, err := service.GetCart(t.Context(), caller)
	if err != nil || fmt.Sprint(cart.Items) != "[{0190b7c0-aaaa 3}]" {
		t.Fatalf("the cart holds %v, %v", cart.Items, err)
	}
	applied, err := service.SettleOrder(t.Context(), "e1", "u1", []domain.Item{{ProductID: "0190B7C0-AAAA", Quantity: 1}})
	if err != nil || !applied {
		t.Fatalf("settle answers %v, %v", applied, err)
	}
	removed, err := service.RemoveItem(t.Context(), caller, "0190B7C0-AAAA")
	if err != nil || len(removed.Items) != 0 || removed.Revision != 5 {
		t.Errorf("the cart is %v, %v", removed, err)
	}
}

func TestAMergeNeedsAGuest(t *testing.T) {
	service := newService()
	for _, guest := range []string{"", "too short"} {
		if _, err := service.MergeCart(t.Context(), app.Caller{UserID: "u1", GuestID: guest}); !errors.Is(err, domain.GuestRequired()) {
			t.Errorf("merge with guest %q answers %v", guest, err)
		}
	}
}

func TestAQuantityIsCheckedBeforeTheStore(t *testing.T) {
	service := app.NewService(nil) // a call of the store would panic
	_, err := service.PutItem(t.Context(), app.Caller{UserID: "u1"}, domain.Item{ProductID: "pear", Quantity: 100})
	if !errors.Is(err, domain.QuantityOutOfRange(100)) {
		t.Errorf("put answers %v", err)
	}
}

func TestAnEventIsSettledOnceAndOnlyForItsBuyer(t *testing.T) {
	service := newService()
	for _, user := range []string{"u1", "u2"} {
		if _, err := service.PutItem(t.Context(), app.Caller{UserID: user}, domain.Item{ProductID: "pear", Quantity: 5}); err != nil {
			t.Fatal(err)
		}
	}
	for try, want := range []bool{true, false} {
		applied, err := service.SettleOrder(t.Context(), "e1", "u1", []domain.Item{{ProductID: "pear", Quantity: 2}})
		if err != nil || applied != want {
			t.Errorf("try %d answers %v, %v", try, applied, err)
		}
	}
	for user, want := range map[string]int{"u1": 3, "u2": 5} {
		cart, err := service.GetCart(t.Context(), app.Caller{UserID: user})
		if err != nil || cart.Items[0].Quantity != want {
			t.Errorf("%s has %v, %v", user, cart, err)
		}
		cleared, err := service.ClearCart(t.Context(), app.Caller{UserID: user})
		if err != nil || len(cleared.Items) != 0 {
			t.Errorf("clear answers %v, %v", cleared, err)
		}
	}
}
