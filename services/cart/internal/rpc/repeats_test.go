package rpc_test

import (
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"

	cartv1 "github.com/banyan-shop/banyan/protos/gen/go/banyan/cart/v1"
	"github.com/banyan-shop/banyan/services/cart/internal/testkit/running"
)

const replayedKey = "banyan-idempotency-replayed"

func TestARepeatGetsTheFirstAnswerAndIsMarked(t *testing.T) {
	service := running.Start(t, running.Options{})
	user := running.As(t, "banyan-user", "u1")
	request := &cartv1.PutItemRequest{ProductId: pear, Quantity: 2, RequestId: "k"}
	for try, want := range []string{"", "true"} {
		var header metadata.MD
		put, err := service.Carts.PutItem(user, request, grpc.Header(&header))
		if err != nil || lines(put.GetCart()) != "pear:2" {
			t.Fatalf("try %d answers %v, %v", try, put, err)
		}
		if got := first(header, replayedKey); got != want {
			t.Errorf("try %d is marked %q, want %q", try, got, want)
		}
		if _, err = service.Carts.ClearCart(user, &cartv1.ClearCartRequest{}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAKeyBelongsToOneOwnerMethodAndRequest(t *testing.T) {
	service := running.Start(t, running.Options{})
	user := running.As(t, "banyan-user", "u1", "banyan-guest", guest)
	if _, err := service.Carts.PutItem(user, &cartv1.PutItemRequest{ProductId: pear, Quantity: 2, RequestId: "k"}); err != nil {
		t.Fatal(err)
	}
	if _, err := service.Carts.RemoveItem(user, &cartv1.RemoveItemRequest{ProductId: pear, RequestId: "k"}); err != nil {
		t.Errorf("the key of another method: %v", err)
	}
	if _, err := service.Carts.MergeCart(user, &cartv1.MergeCartRequest{RequestId: "k"}); err != nil {
		t.Errorf("the key of another method: %v", err)
	}
	stranger := running.As(t, "banyan-user", "u2")
	if _, err := service.Carts.PutItem(stranger, &cartv1.PutItemRequest{ProductId: plum, Quantity: 1, RequestId: "k"}); err != nil {
		t.Errorf("the key of another owner: %v", err)
	}
	_, put := service.Carts.PutItem(user, &cartv1.PutItemRequest{ProductId: pear, Quantity: 3, RequestId: "k"})
	other := running.As(t, "banyan-user", "u1", "banyan-guest", guest+"-other")
	_, merge := service.Carts.MergeCart(other, &cartv1.MergeCartRequest{RequestId: "k"})
	for name, err := range map[string]error{"another quantity": put, "another guest's cart": merge} {
		if failure := running.FailureOf(err); failure.Code != codes.FailedPrecondition || failure.Reason != "IDEMPOTENCY_KEY_REUSED" {
			t.Errorf("%s: %v", name, failure)
		}
	}
}

func first(md metadata.MD, key string) string {
	if values := md.Get(key); len(values) > 0 {
		return values[0]
	}
	return ""
}
