package storetest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"pgregory.net/rapid"

	"github.com/banyan-shop/banyan/services/cart/internal/app"
	"github.com/banyan-shop/banyan/services/cart/internal/domain"
)

// model holds the store against domain.Cart: after any sequence of calls both hold the same.
func model(f *fixture) {
	rapid.Check(f.T, func(t *rapid.T) {
		m := &machine{
			T: t, f: f, user: f.user(), guest: f.guest(),
			products: rapid.SliceOfNDistinct(rapid.StringMatching("[a-z]{3}"), 55, 60, rapid.ID[string]).Draw(t, "products"),
		}
		t.Repeat(map[string]func(*rapid.T){
			"put":     m.put,
			"fill":    m.fill,
			"remove":  m.remove,
			"clear":   m.clear,
			"merge":   m.merge,
			"settle":  m.settle,
			"advance": m.advance,
			"":        m.compare,
		})
	})
}

type machine struct {
	*rapid.T

	f           *fixture
	user, guest domain.Owner
	mine, his   domain.Cart
	products    []string
}

// pick draws one of the two owners, and drops its cart from the model when its time is over.
func (m *machine) pick(t *rapid.T) (domain.Owner, *domain.Cart) {
	m.expire()
	if rapid.Bool().Draw(t, "guest") {
		return m.guest, &m.his
	}
	return m.user, &m.mine
}

func (m *machine) expire() {
	now := m.f.clock.Now()
	if m.mine.Expired(now, domain.UserTTL) {
		m.mine = domain.Cart{}
	}
	if m.his.Expired(now, domain.GuestTTL) {
		m.his = domain.Cart{}
	}
}

func (m *machine) product(t *rapid.T) string { return rapid.SampledFrom(m.products).Draw(t, "product") }

func (m *machine) put(t *rapid.T) {
	owner, cart := m.pick(t)
	item := domain.Item{ProductID: m.product(t), Quantity: rapid.IntRange(-1, 101).Draw(t, "quantity")}
	m.putOne(t, owner, cart, item)
}

// fill brings the cart to its limit sooner than single puts would.
func (m *machine) fill(t *rapid.T) {
	owner, cart := m.pick(t)
	for i := range rapid.IntRange(1, len(m.products)).Draw(t, "lines") {
		m.putOne(t, owner, cart, domain.Item{ProductID: m.products[i], Quantity: 1 + i%domain.MaxQuantity})
	}
}

func (m *machine) putOne(t *rapid.T, owner domain.Owner, cart *domain.Cart, item domain.Item) {
	want := cart.Put(item.ProductID, item.Quantity, m.f.clock.Now())
	got, err := m.f.store.Put(context.Background(), owner, item, app.Request{})
	var refusal *domain.Error
	if errors.As(want, &refusal) {
		if !errors.Is(err, refusal) {
			t.Fatalf("put answers %v, want %v", err, want)
		}
		return
	}
	m.equal(t, got.Cart, err, cart)
}

func (m *machine) remove(t *rapid.T) {
	owner, cart := m.pick(t)
	productID := m.product(t)
	cart.Remove(productID, m.f.clock.Now())
	got, err := m.f.store.Remove(context.Background(), owner, productID, app.Request{})
	m.equal(t, got.Cart, err, cart)
}

func (m *machine) clear(t *rapid.T) {
	owner, cart := m.pick(t)
	cart.Clear(m.f.clock.Now())
	got, err := m.f.store.Clear(context.Background(), owner, app.Request{})
	m.equal(t, got.Cart, err, cart)
}

func (m *machine) merge(t *rapid.T) {
	m.expire()
	want := m.mine.TakeOver(&m.his, m.f.clock.Now())
	got, err := m.f.store.Merge(context.Background(), m.user, m.guest, app.Request{})
	m.equal(t, got.Cart, err, &m.mine)
	if fmt.Sprint(got.Dropped) != fmt.Sprint(want) {
		t.Fatalf("dropped are %v, want %v", got.Dropped, want)
	}
}

func (m *machine) settle(t *rapid.T) {
	owner, cart := m.pick(t)
	bought := make([]domain.Item, rapid.IntRange(0, 4).Draw(t, "lines"))
	for i := range bought {
		bought[i] = domain.Item{ProductID: m.product(t), Quantity: rapid.IntRange(-1, 99).Draw(t, "bought")}
	}
	cart.Settle(bought, m.f.clock.Now())
	applied, err := m.f.store.Settle(context.Background(), owner, NewID(), bought)
	if err != nil || !applied {
		t.Fatalf("settle answers %v, %v", applied, err)
	}
}

func (m *machine) advance(t *rapid.T) {
	days := rapid.IntRange(0, 10).Draw(t, "days")
	m.f.clock.Advance(time.Duration(days) * 24 * time.Hour)
}

// compare runs after each step.
func (m *machine) compare(t *rapid.T) {
	m.expire()
	mine, err := m.f.store.Get(context.Background(), m.user)
	m.equal(t, mine, err, &m.mine)
	his, err := m.f.store.Get(context.Background(), m.guest)
	m.equal(t, his, err, &m.his)
}

func (m *machine) equal(t *rapid.T, got domain.Cart, err error, want *domain.Cart) {
	if err != nil {
		t.Fatalf("call failed: %v", err)
	}
	if len(got.Items) == 0 && len(want.Items) == 0 { // nil or empty, it is the same
		got.Items, want.Items = nil, nil
	}
	if fmt.Sprint(got) != fmt.Sprint(*want) {
		t.Fatalf("the store holds %v, the domain says %v", got, *want)
	}
}
