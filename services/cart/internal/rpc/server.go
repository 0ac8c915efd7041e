// Package rpc answers banyan.cart.v1.CartService: map, use case, map back.
package rpc

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	cartv1 "github.com/banyan-shop/banyan/protos/gen/go/banyan/cart/v1"
	"github.com/banyan-shop/banyan/services/cart/internal/app"
	"github.com/banyan-shop/banyan/services/cart/internal/domain"
	"github.com/banyan-shop/banyan/services/cart/internal/platform"
)

// Server implements cartv1.CartServiceServer. Errors are turned into statuses by the platform.
type Server struct {
	cartv1.UnimplementedCartServiceServer

	carts *app.Service
}

// NewServer answers with the given use cases.
func NewServer(carts *app.Service) *Server { return &Server{carts: carts} }

// GetCart returns the caller's cart.
func (s *Server) GetCart(ctx context.Context, _ *cartv1.GetCartRequest) (*cartv1.GetCartResponse, error) {
	cart, err := s.carts.GetCart(ctx, callerOf(ctx))
	if err != nil {
		return nil, err
	}
	return &cartv1.GetCartResponse{Cart: cartMessage(&cart)}, nil
}

// PutItem sets the quantity of one product.
func (s *Server) PutItem(ctx context.Context, request *cartv1.PutItemRequest) (*cartv1.PutItemResponse, error) {
	item := domain.Item{ProductID: request.GetProductId(), Quantity: int(request.GetQuantity())}
	answer, err := s.answered(ctx, request, func(caller app.Caller) (app.Answer, error) {
		return s.carts.PutItem(ctx, caller, item)
	})
	if err != nil {
		return nil, err
	}
	return &cartv1.PutItemResponse{Cart: cartMessage(&answer.Cart)}, nil
}

// RemoveItem takes one product out.
func (s *Server) RemoveItem(ctx context.Context, request *cartv1.RemoveItemRequest) (*cartv1.RemoveItemResponse, error) {
	answer, err := s.answered(ctx, request, func(caller app.Caller) (app.Answer, error) {
		return s.carts.RemoveItem(ctx, caller, request.GetProductId())
	})
	if err != nil {
		return nil, err
	}
	return &cartv1.RemoveItemResponse{Cart: cartMessage(&answer.Cart)}, nil
}

// ClearCart empties the caller's cart.
func (s *Server) ClearCart(ctx context.Context, request *cartv1.ClearCartRequest) (*cartv1.ClearCartResponse, error) {
	answer, err := s.answered(ctx, request, func(caller app.Caller) (app.Answer, error) {
		return s.carts.ClearCart(ctx, caller)
	})
	if err != nil {
		return nil, err
	}
	return &cartv1.ClearCartResponse{Cart: cartMessage(&answer.Cart)}, nil
}

// MergeCart moves the guest's cart into the user's.
func (s *Server) MergeCart(ctx context.Context, request *cartv1.MergeCartRequest) (*cartv1.MergeCartResponse, error) {
	answer, err := s.answered(ctx, request, func(caller app.Caller) (app.Answer, error) {
		return s.carts.MergeCart(ctx, caller)
	})
	if err != nil {
		return nil, err
	}
	return &cartv1.MergeCartResponse{Cart: cartMessage(&answer.Cart), DroppedProductIds: answer.Dropped}, nil
}

// answered makes a change for the caller of a request, and marks the answer of a repeat.
func (s *Server) answered(
	ctx context.Context, request keyed, change func(app.Caller) (app.Answer, error),
) (app.Answer, error) {
	caller := callerOf(ctx)
	var err error
	if caller.Request, err = requestOf(ctx, request, caller); err != nil {
		return app.Answer{}, err
	}
	answer, err := change(caller)
	if err == nil && answer.Replayed {
		err = grpc.SetHeader(ctx, metadata.Pairs(platform.ReplayedKey, "true"))
	}
	return answer, err
}
