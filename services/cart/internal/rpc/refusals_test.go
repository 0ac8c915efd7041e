package rpc_test

import (
	"context"
	"fmt"
	"testing"

	"google.golang.org/grpc/codes"

	cartv1 "github.com/banyan-shop/banyan/protos/gen/go/banyan/cart/v1"
	"github.com/banyan-shop/banyan/services/cart/internal/testkit/running"
)

// calls is every RPC with a request that is in order.
func calls(carts cartv1.CartServiceClient) map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		"GetCart": func(ctx context.Context) error {
			_, err := carts.GetCart(ctx, &cartv1.GetCartRequest{})
			return err
		},
		"PutItem": func(ctx context.Context) error {
			_, err := carts.PutItem(ctx, &cartv1.PutItemRequest{ProductId: pear, Quantity: 1})
			return err
		},
		"RemoveItem": func(ctx context.Context) error {
			_, err := carts.RemoveItem(ctx, &cartv1.RemoveItemRequest{ProductId: pear})
			return err
		},
		"ClearCart": func(ctx context.Context) error {
			_, err := carts.ClearCart(ctx, &cartv1.ClearCartRequest{})
			return err
		},
		"MergeCart": func(ctx context.Context) error {
			_, err := carts.MergeCart(ctx, &cartv1.MergeCartRequest{})
			return err
		},
	}
}

// Who may call what: OK, or the reason of the refusal.
func TestAccessMatrix(t *testing.T) {
	const (
		ok      = "OK "
		owner   = "Unauthenticated CART_OWNER_REQUIRED"
		login   = "Unauthenticated UNAUTHENTICATED"
		noGuest = "FailedPrecondition GUEST_REQUIRED"
	)
	people := map[string][]string{
		"nobody":               {},
		"staff without a user": {"banyan-roles", "staff"},
		"guest":                {"banyan-guest", guest},
		"malformed guest":      {"banyan-guest", "short"},
		"user":                 {"banyan-user", "u1"},
		"user, bad guest":      {"banyan-user", "u1", "banyan-guest", "short"},
		"user and guest":       {"banyan-user", "u1", "banyan-guest", guest},
		"staff":                {"banyan-user", "u1", "banyan-roles", "customer, staff", "banyan-guest", guest},
	}
	own := map[string]string{ // the first four RPCs are alike
		"nobody": owner, "staff without a user": owner, "guest": ok, "malformed guest": owner,
		"user": ok, "user, bad guest": ok, "user and guest": ok, "staff": ok,
	}
	merge := map[string]string{
		"nobody": login, "staff without a user": login, "guest": login, "malformed guest": login,
		"user": noGuest, "user, bad guest": noGuest, "user and guest": ok, "staff": ok,
	}
	service := running.Start(t, running.Options{})
	for name, call := range calls(service.Carts) {
		want := own
		if name == "MergeCart" {
			want = merge
		}
		for person, metadata := range people {
			failure := running.FailureOf(call(running.As(t, metadata...)))
			if got := fmt.Sprintf("%v %s", failure.Code, failure.Reason); got != want[person] {
				t.Errorf("%s by %s: %s, want %s", name, person, got, want[person])
			}
			if failure.Code != codes.OK && failure.Domain != "cart.banyan" {
				t.Errorf("%s by %s: domain %q", name, person, failure.Domain)
			}
		}
	}
}

func TestValidationMatrix(t *testing.T) {
	carts, user := running.Start(t, running.Options{}).Carts, running.As(t, "banyan-user", "u1")
	put := func(productID string, quantity int32) error {
		_, err := carts.PutItem(user, &cartv1.PutItemRequest{ProductId: productID, Quantity: quantity})
		return err
	}
	remove := func(productID string) error {
		_, err := carts.RemoveItem(user, &cartv1.RemoveItemRequest{ProductId: productID})
		return err
	}
	for name, test := range map[string]struct {
		err  error
		want string
	}{
		"put none":                 {put(pear, 0), "[quantity]"},
		"put fewer than none":      {put(pear, -1), "[quantity]"},
		"put too many":             {put(pear, 100), "[quantity]"},
		"put far too many":         {put(pear, 1<<31-1), "[quantity]"},
		"put no product":           {put("", 1), "[product_id]"},
		"put no UUID":              {put("pear", 1), "[product_id]"},
		"put what clears a store":  {put(":rev", 1), "[product_id]"},
		"put a UUID and more":      {put(pear+"0", 1), "[product_id]"},
		"put with both wrong":      {put("pear", 100), "[product_id quantity]"},
		"remove no product":        {remove(""), "[product_id]"},
		"remove no UUID":           {remove("../" + pear), "[product_id]"},
		"put one":                  {put(pear, 1), "[]"},
		"put 99":                   {put(pear, 99), "[]"},
		"remove what is not there": {remove(plum), "[]"},
	} {
		failure := running.FailureOf(test.err)
		if fmt.Sprint(failure.Fields) != test.want {
			t.Errorf("%s: fields %v, want %s", name, failure.Fields, test.want)
		}
		if wrong := test.want != "[]"; wrong && (failure.Code != codes.InvalidArgument || failure.Reason != "INVALID_ARGUMENT") {
			t.Errorf("%s: %+v", name, failure)
		} else if !wrong && test.err != nil {
			t.Errorf("%s: %v", name, test.err)
		}
	}
}
