package storetest

import (
	"context"
	"time"

	"github.com/banyan-shop/banyan/services/cart/internal/app"
	"github.com/banyan-shop/banyan/services/cart/internal/domain"
)

func emptyCart(f *fixture) {
	cart := f.get(f.user())
	f.holds(cart)
	f.same("revision", cart.Revision, int64(0))
	f.same("no time", cart.UpdatedAt.IsZero(), true)
}

func order(f *fixture) {
	owner := f.user()
	f.put(owner, "pear", 1)
	f.put(owner, "apple", 2)
	f.put(owner, "fig", 3)
	f.holds(f.put(owner, "pear", 9), "pear:9", "apple:2", "fig:3")
	after := must2(f.store.Remove(context.Background(), owner, "apple", app.Request{}))(f)
	f.holds(after, "pear:9", "fig:3")
	f.clock.Advance(time.Second)
	last := f.put(owner, "apple", 1)
	f.holds(last, "pear:9", "fig:3", "apple:1")
	f.same("revision", last.Revision, int64(6))
	f.same("time", last.UpdatedAt, f.clock.Now())
	f.holds(f.get(owner), "pear:9", "fig:3", "apple:1")
}

func repeatedPut(f *fixture) {
	owner := f.user()
	first := f.put(owner, "pear", 4)
	f.clock.Advance(time.Hour)
	again := f.put(owner, "pear", 4)
	f.holds(again, "pear:4")
	f.same("revision", again.Revision, first.Revision)
	f.same("time", again.UpdatedAt, first.UpdatedAt)
}

func removeMissing(f *fixture) {
	owner := f.user()
	none := must2(f.store.Remove(context.Background(), owner, "pear", app.Request{}))(f)
	f.holds(none)
	f.same("revision", none.Revision, int64(0))
	f.put(owner, "fig", 1)
	other := must2(f.store.Remove(context.Background(), owner, "pear", app.Request{}))(f)
	f.holds(other, "fig:1")
	f.same("revision", other.Revision, int64(1))
}

func clearCart(f *fixture) {
	owner := f.user()
	nothing := must2(f.store.Clear(context.Background(), owner, app.Request{}))(f)
	f.same("revision of a cart never filled", nothing.Revision, int64(0))
	f.put(owner, "pear", 1)
	f.put(owner, "fig", 1)
	cleared := must2(f.store.Clear(context.Background(), owner, app.Request{}))(f)
	f.holds(cleared)
	f.same("revision", cleared.Revision, int64(3))
	again := must2(f.store.Clear(context.Background(), owner, app.Request{}))(f)
	f.same("revision after a second time", again.Revision, int64(3))
	f.same("revision of a line put in later", f.put(owner, "fig", 1).Revision, int64(4))
}

func lineLimit(f *fixture) {
	owner := f.user()
	f.fill(owner, "p", domain.MaxLines)
	before := f.get(owner)
	_, err := f.store.Put(context.Background(), owner, domain.Item{ProductID: "one more", Quantity: 1}, app.Request{})
	f.refused(err, domain.CartFull())
	after := f.get(owner)
	f.same("lines", len(after.Items), domain.MaxLines)
	f.same("revision", after.Revision, before.Revision)
	f.same("quantity of a line that is there", f.put(owner, product("p", 7), 9).Items[7].Quantity, 9)
	must2(f.store.Remove(context.Background(), owner, product("p", 0), app.Request{}))(f)
	f.same("last line after making room", f.put(owner, "one more", 1).Items[domain.MaxLines-1].ProductID, "one more")
}

func quantityLimit(f *fixture) {
	owner := f.user()
	for _, quantity := range []int{-1, 0, 100} {
		_, err := f.store.Put(context.Background(), owner, domain.Item{ProductID: "pear", Quantity: quantity}, app.Request{})
		f.refused(err, domain.QuantityOutOfRange(quantity))
	}
	f.holds(f.get(owner))
	f.put(owner, "pear", domain.MaxQuantity)
	f.holds(f.put(owner, "fig", domain.MinQuantity), "pear:99", "fig:1")
}

func isolation(f *fixture) {
	id := NewID()
	user := domain.UserOwner(id)
	guest, _ := domain.GuestOwner(id)
	f.put(user, "pear", 1)
	f.put(guest, "fig", 2)
	f.put(f.user(), "plum", 3)
	f.holds(f.get(user), "pear:1")
	f.holds(f.get(guest), "fig:2")
}

func expiry(f *fixture) {
	user, guest := f.user(), f.guest()
	f.put(user, "pear", 1)
	f.put(guest, "fig", 1)
	f.clock.Advance(domain.GuestTTL - time.Second)
	f.holds(f.get(guest), "fig:1")
	f.clock.Advance(time.Second)
	f.holds(f.get(guest))
	f.clock.Advance(domain.UserTTL - domain.GuestTTL - time.Second)
	f.holds(f.get(user), "pear:1")
	f.clock.Advance(time.Second)
	f.holds(f.get(user))
	begun := f.put(user, "plum", 2)
	f.holds(begun, "plum:2")
	f.same("revision of the cart begun anew", begun.Revision, int64(1))
}

func renewal(f *fixture) {
	owner := f.guest()
	f.put(owner, "pear", 1)
	f.clock.Advance(domain.GuestTTL - time.Second)
	f.put(owner, "fig", 1)
	f.clock.Advance(domain.GuestTTL - time.Second)
	f.holds(f.get(owner), "pear:1", "fig:1")
}

func givenUp(f *fixture) {
	owner := f.user()
	f.put(owner, "pear", 1)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := f.store.Put(ctx, owner, domain.Item{ProductID: "fig", Quantity: 1}, app.Request{})
	f.same("the put fails", err != nil, true)
	_, err = f.store.Merge(ctx, owner, f.guest(), app.Request{})
	f.same("the merge fails", err != nil, true)
	event := NewID()
	_, err = f.store.Settle(ctx, owner, event, []domain.Item{{ProductID: "pear", Quantity: 1}})
	f.same("the settling fails", err != nil, true)
	f.holds(f.get(owner), "pear:1")
	f.same("the event can still be settled", f.settle(owner, event, domain.Item{ProductID: "pear", Quantity: 1}), true)
}

// must2 lets a call with two results be written in one line.
func must2(answer app.Answer, err error) func(*fixture) domain.Cart {
	return func(f *fixture) domain.Cart {
		f.Helper()
		return must(f, answer, err).Cart
	}
}
