// Package rpc answers banyan.cart.v1.CartService: map, use case, map back.
package rpc

import (
	"context"

	cartv1 "github.com/banyan-shop/banyan/protos/gen/go/banyan/cart/v1"
	"github.com/banyan-shop/banyan/services/cart/internal/app"
	"github.com/banyan-shop/banyan/services/cart/internal/domain"
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
	cart, err := s.carts.PutItem(ctx, callerOf(ctx), item)
	if err != nil {
		return nil, err
	}
	return &cartv1.PutItemResponse{Cart: cartMessage(&cart)}, nil
}

// RemoveItem takes one product out.
func (s *Server) RemoveItem(ctx context.Context, request *cartv1.RemoveItemRequest) (*cartv1.RemoveItemResponse, error) {
	cart, err := s.carts.RemoveItem(ctx, callerOf(ctx), request.GetProductId())
	if err != nil {
		return nil, err
	}
	return &cartv1.RemoveItemResponse{Cart: cartMessage(&cart)}, nil
}

// ClearCart empties the caller's cart.
func (s *Server) ClearCart(ctx context.Context, _ *cartv1.ClearCartRequest) (*cartv1.ClearCartResponse, error) {
	cart, err := s.carts.ClearCart(ctx, callerOf(ctx))
	if err != nil {
		return nil, err
	}
	return &cartv1.ClearCartResponse{Cart: cartMessage(&cart)}, nil
}

// MergeCart moves the guest's cart into the user's.
func (s *Server) MergeCart(ctx context.Context, _ *cartv1.MergeCartRequest) (*cartv1.MergeCartResponse, error) {
	cart, dropped, err := s.carts.MergeCart(ctx, callerOf(ctx))
	if err != nil {
		return nil, err
	}
	return &cartv1.MergeCartResponse{Cart: cartMessage(&cart), DroppedProductIds: dropped}, nil
}
