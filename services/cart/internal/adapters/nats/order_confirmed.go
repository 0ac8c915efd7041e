// Package nats brings in what other services announce. Each event has its own handler; each is safe to repeat.
package nats

import (
	"context"
	"fmt"

	"google.golang.org/protobuf/proto"

	orderv1 "github.com/banyan-shop/banyan/protos/gen/go/banyan/order/v1"
	"github.com/banyan-shop/banyan/services/cart/internal/domain"
	"github.com/banyan-shop/banyan/services/cart/internal/platform"
)

// What is consumed, and under which durable name.
const (
	OrderStream    = "ORDER"
	OrderConsumer  = "cart-order"
	OrderConfirmed = "order.confirmed"
)

// Settler is the use case behind the event.
type Settler interface {
	SettleOrder(ctx context.Context, eventID, userID string, bought []domain.Item) (applied bool, err error)
}

// HandleOrderConfirmed takes what was ordered out of the buyer's cart.
func HandleOrderConfirmed(settler Settler) platform.Handler {
	return func(ctx context.Context, event platform.Event) (bool, error) {
		message := &orderv1.OrderConfirmed{}
		if err := proto.Unmarshal(event.Data, message); err != nil {
			return false, fmt.Errorf("%w: %w", platform.ErrMalformed, err)
		}
		order := message.GetOrder()
		if order.GetUserId() == "" {
			return false, fmt.Errorf("%w: it names no user", platform.ErrMalformed)
		}
		bought := make([]domain.Item, 0, len(order.GetLines()))
		for _, line := range order.GetLines() {
			bought = append(bought, domain.Item{ProductID: line.GetProductId(), Quantity: int(line.GetQuantity())})
		}
		return settler.SettleOrder(ctx, event.ID, order.GetUserId(), bought)
	}
}
