package memory_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/banyan-shop/banyan/services/cart/internal/adapters/memory"
	"github.com/banyan-shop/banyan/services/cart/internal/adapters/storetest"
	"github.com/banyan-shop/banyan/services/cart/internal/app"
	"github.com/banyan-shop/banyan/services/cart/internal/domain"
	"github.com/banyan-shop/banyan/services/cart/internal/testkit"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestMemoryStoreKeepsTheContract(t *testing.T) {
	storetest.Run(t, func(_ *testing.T, clock *testkit.Clock) app.Store { return memory.New(clock) })
}

func TestCartsHandedOutAreCopies(t *testing.T) {
	store := memory.New(testkit.NewClock())
	owner := domain.UserOwner("u")
	first, err := store.Put(t.Context(), owner, domain.Item{ProductID: "pear", Quantity: 3}, app.Request{})
	if err != nil {
		t.Fatal(err)
	}
	first.Items[0].Quantity = 77
	kept, err := store.Get(t.Context(), owner)
	if err != nil || kept.Items[0].Quantity != 3 {
		t.Fatalf("the store holds %v, %v", kept, err)
	}
}
