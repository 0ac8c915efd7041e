package domain_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/banyan-shop/banyan/services/cart/internal/domain"
)

// A cart keeps its limits, names each product once and never counts backwards, whatever is done to it.
func TestInvariantsHoldAfterAnySequence(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := &shopper{now: noon}
		t.Repeat(map[string]func(*rapid.T){
			"put": func(t *rapid.T) {
				// A refusal is one of the things that must leave the cart sound.
				_ = s.cart.Put(product(t), rapid.IntRange(-5, 105).Draw(t, "quantity"), s.tick())
			},
			"remove": func(t *rapid.T) { s.cart.Remove(product(t), s.tick()) },
			"clear":  func(*rapid.T) { s.cart.Clear(s.tick()) },
			"settle": func(t *rapid.T) { s.cart.Settle(items(t), s.tick()) },
			"take over": func(t *rapid.T) {
				guest := domain.Cart{}
				for _, item := range items(t) {
					_ = guest.Put(item.ProductID, item.Quantity, s.now)
				}
				s.takeOver(t, &guest)
			},
			"": s.sound,
		})
	})
}

type shopper struct {
	cart     domain.Cart
	now      time.Time
	revision int64
}

func (s *shopper) tick() time.Time {
	s.now = s.now.Add(time.Second)
	return s.now
}

func (s *shopper) sound(t *rapid.T) {
	if len(s.cart.Items) > domain.MaxLines {
		t.Fatalf("%d lines", len(s.cart.Items))
	}
	seen := map[string]bool{}
	for _, item := range s.cart.Items {
		if seen[item.ProductID] || domain.CheckQuantity(item.Quantity) != nil {
			t.Fatalf("line %v", item)
		}
		seen[item.ProductID] = true
	}
	if s.cart.Revision < s.revision || s.cart.Revision > s.revision+1 {
		t.Fatalf("revision went from %d to %d", s.revision, s.cart.Revision)
	}
	if changed := s.cart.Revision > s.revision; changed && !s.cart.UpdatedAt.Equal(s.now) {
		t.Fatalf("changed at %v, it says %v", s.now, s.cart.UpdatedAt)
	}
	s.revision = s.cart.Revision
}

// takeOver checks that every line of the guest's is afterwards in one cart or the other, in no lesser number.
func (s *shopper) takeOver(t *rapid.T, guest *domain.Cart) {
	before := guest.Clone()
	dropped := s.cart.TakeOver(guest, s.tick())
	if len(dropped) != len(guest.Items) {
		t.Fatalf("%d dropped, %d left", len(dropped), len(guest.Items))
	}
	for _, line := range before.Items {
		if most := max(quantityIn(&s.cart, line.ProductID), quantityIn(guest, line.ProductID)); most < line.Quantity {
			t.Fatalf("of %v only %d are left", line, most)
		}
	}
}

func quantityIn(cart *domain.Cart, productID string) int {
	for _, item := range cart.Items {
		if item.ProductID == productID {
			return item.Quantity
		}
	}
	return 0
}

func product(t *rapid.T) string { return rapid.StringMatching("[a-h][a-h]").Draw(t, "product") }

func items(t *rapid.T) []domain.Item {
	list := make([]domain.Item, rapid.IntRange(0, 60).Draw(t, "lines"))
	for i := range list {
		list[i] = domain.Item{ProductID: product(t), Quantity: rapid.IntRange(1, 99).Draw(t, "quantity")}
	}
	return list
}
