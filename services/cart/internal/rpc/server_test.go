package rpc_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"go.uber.org/goleak"
	"google.golang.org/grpc/codes"

	cartv1 "github.com/banyan-shop/banyan/protos/gen/go/banyan/cart/v1"
	"github.com/banyan-shop/banyan/services/cart/internal/bootstrap"
	"github.com/banyan-shop/banyan/services/cart/internal/domain"
	"github.com/banyan-shop/banyan/services/cart/internal/testkit"
	"github.com/banyan-shop/banyan/services/cart/internal/testkit/running"
)

const (
	pear  = "0190b7c0-0000-7000-8000-0000000000aa"
	plum  = "0190b7c0-0000-7000-8000-0000000000bb"
	guest = "guest-0123456789"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func lines(cart *cartv1.Cart) string {
	texts := make([]string, 0, len(cart.GetItems()))
	for _, item := range cart.GetItems() {
		name := map[string]string{pear: "pear", plum: "plum"}[item.GetProductId()]
		texts = append(texts, fmt.Sprintf("%s:%d", name, item.GetQuantity()))
	}
	return strings.Join(texts, " ")
}

func TestACartFromFirstLineToLast(t *testing.T) {
	clock := testkit.NewClock()
	service := running.Start(t, running.Options{Replace: bootstrap.Overrides{Clock: clock}})
	carts, user := service.Carts, running.As(t, "banyan-user", "u1")

	empty, err := carts.GetCart(user, &cartv1.GetCartRequest{})
	if err != nil || empty.GetCart() == nil || empty.GetCart().GetUpdateTime() != nil || empty.GetCart().GetRevision() != 0 {
		t.Fatalf("an empty cart is %v, %v", empty, err)
	}
	if _, err = carts.PutItem(user, &cartv1.PutItemRequest{ProductId: pear, Quantity: 2}); err != nil {
		t.Fatal(err)
	}
	put, err := carts.PutItem(user, &cartv1.PutItemRequest{ProductId: strings.ToUpper(plum), Quantity: 99})
	if err != nil || lines(put.GetCart()) != "pear:2 plum:99" || put.GetCart().GetRevision() != 2 {
		t.Fatalf("after two puts: %v, %v", put, err)
	}
	if at := put.GetCart().GetUpdateTime().AsTime(); !at.Equal(clock.Now()) {
		t.Errorf("changed at %v, want %v", at, clock.Now())
	}
	removed, err := carts.RemoveItem(user, &cartv1.RemoveItemRequest{ProductId: pear})
	if err != nil || lines(removed.GetCart()) != "plum:99" {
		t.Errorf("after removing: %v, %v", removed, err)
	}
	cleared, err := carts.ClearCart(user, &cartv1.ClearCartRequest{})
	if err != nil || lines(cleared.GetCart()) != "" || cleared.GetCart().GetRevision() != 4 {
		t.Errorf("after clearing: %v, %v", cleared, err)
	}
}

func TestAGuestLogsIn(t *testing.T) {
	carts := running.Start(t, running.Options{}).Carts
	before, after := running.As(t, "banyan-guest", guest), running.As(t, "banyan-guest", guest, "banyan-user", "u1")
	for ctx, item := range map[context.Context]*cartv1.PutItemRequest{
		before: {ProductId: pear, Quantity: 3}, after: {ProductId: plum, Quantity: 1},
	} {
		if _, err := carts.PutItem(ctx, item); err != nil {
			t.Fatal(err)
		}
	}
	merged, err := carts.MergeCart(after, &cartv1.MergeCartRequest{})
	if err != nil || lines(merged.GetCart()) != "plum:1 pear:3" || len(merged.GetDroppedProductIds()) > 0 {
		t.Errorf("merged is %v, %v", merged, err)
	}
	left, err := carts.GetCart(before, &cartv1.GetCartRequest{})
	if err != nil || lines(left.GetCart()) != "" {
		t.Errorf("the guest's cart is %v, %v", left, err)
	}
}

func TestAFullCartSaysSo(t *testing.T) {
	carts, user := running.Start(t, running.Options{}).Carts, running.As(t, "banyan-user", "u1", "banyan-guest", guest)
	put := func(ctx context.Context, i int) error {
		_, err := carts.PutItem(ctx, &cartv1.PutItemRequest{ProductId: fmt.Sprintf("%s%02d", pear[:34], i), Quantity: 1})
		return err
	}
	for i := range domain.MaxLines {
		if err := put(user, i); err != nil {
			t.Fatal(err)
		}
	}
	failure := running.FailureOf(put(user, 90))
	if failure.Code != codes.FailedPrecondition || failure.Reason != "CART_FULL" || failure.Domain != "cart.banyan" ||
		failure.Metadata["max_lines"] != "50" {
		t.Errorf("the 51st line: %+v", failure)
	}
	if err := put(running.As(t, "banyan-guest", guest), 90); err != nil {
		t.Fatal(err)
	}
	merged, err := carts.MergeCart(user, &cartv1.MergeCartRequest{})
	if err != nil || fmt.Sprint(merged.GetDroppedProductIds()) != "["+pear[:34]+"90]" {
		t.Errorf("merged is %v, %v", merged.GetDroppedProductIds(), err)
	}
}
