package rpc

import (
	"context"

	"google.golang.org/protobuf/types/known/timestamppb"

	cartv1 "github.com/banyan-shop/banyan/protos/gen/go/banyan/cart/v1"
	"github.com/banyan-shop/banyan/services/cart/internal/app"
	"github.com/banyan-shop/banyan/services/cart/internal/domain"
	"github.com/banyan-shop/banyan/services/cart/internal/platform"
)

func callerOf(ctx context.Context) app.Caller {
	identity := platform.IdentityFrom(ctx)
	return app.Caller{UserID: identity.UserID, GuestID: identity.GuestID}
}

func cartMessage(cart *domain.Cart) *cartv1.Cart {
	message := &cartv1.Cart{Items: make([]*cartv1.CartItem, 0, len(cart.Items)), Revision: cart.Revision}
	for _, item := range cart.Items {
		message.Items = append(message.Items,
			&cartv1.CartItem{ProductId: item.ProductID, Quantity: int32(item.Quantity)}) //nolint:gosec // at most 99
	}
	if !cart.UpdatedAt.IsZero() {
		message.UpdateTime = timestamppb.New(cart.UpdatedAt)
	}
	return message
}
