package storetest

import (
	"fmt"

	"github.com/banyan-shop/banyan/services/cart/internal/domain"
)

func mergeLarger(f *fixture) {
	user, guest := f.user(), f.guest()
	f.put(user, "pear", 5)
	f.put(user, "fig", 1)
	f.put(guest, "plum", 2)
	f.put(guest, "fig", 4)
	f.put(guest, "pear", 3)
	cart, dropped := f.merge(user, guest)
	f.holds(cart, "pear:5", "fig:4", "plum:2")
	f.same("dropped", len(dropped), 0)
	f.same("revision", cart.Revision, int64(3))
	f.holds(f.get(guest))
	again, _ := f.merge(user, guest)
	f.holds(again, "pear:5", "fig:4", "plum:2")
	f.same("revision after a repeat", again.Revision, cart.Revision)
}

func mergeOverflow(f *fixture) {
	user, guest := f.user(), f.guest()
	f.fill(user, "p", domain.MaxLines-1)
	f.put(guest, "fits", 1)
	f.put(guest, "late", 2)
	f.put(guest, product("p", 3), 9)
	f.put(guest, "later", 3)
	for try := range 2 {
		cart, dropped := f.merge(user, guest)
		f.same("lines", len(cart.Items), domain.MaxLines)
		f.same("last line", cart.Items[domain.MaxLines-1].ProductID, "fits")
		f.same("larger quantity", cart.Items[3].Quantity, 9)
		f.same(fmt.Sprintf("dropped in try %d", try), fmt.Sprint(dropped), "[late later]")
		f.same("revision", cart.Revision, int64(domain.MaxLines))
		f.holds(f.get(guest), "late:2", "later:3")
	}
}

func mergeNothing(f *fixture) {
	user, guest := f.user(), f.guest()
	cart, _ := f.merge(user, guest)
	f.holds(cart)
	f.same("revision of a cart never filled", cart.Revision, int64(0))
	f.put(user, "pear", 1)
	cart, dropped := f.merge(user, guest)
	f.holds(cart, "pear:1")
	f.same("revision", cart.Revision, int64(1))
	f.same("dropped", len(dropped), 0)
}

func mergeExpired(f *fixture) {
	user, guest := f.user(), f.guest()
	f.put(user, "pear", 1)
	f.put(guest, "fig", 1)
	f.clock.Advance(domain.GuestTTL)
	cart, _ := f.merge(user, guest)
	f.holds(cart, "pear:1")
}

func settleExactly(f *fixture) {
	owner := f.user()
	f.put(owner, "pear", 3)
	f.put(owner, "fig", 2)
	f.put(owner, "plum", 5)
	f.put(owner, "kiwi", 1)
	applied := f.settle(owner, NewID(),
		domain.Item{ProductID: "pear", Quantity: 3}, // bought all of them
		domain.Item{ProductID: "fig", Quantity: 9},  // put fewer back since
		domain.Item{ProductID: "plum", Quantity: 1}, // put more in since
		domain.Item{ProductID: "plum", Quantity: 1}, // on two lines of the order
		domain.Item{ProductID: "lime", Quantity: 1}) // not in the cart
	f.same("applied", applied, true)
	cart := f.get(owner)
	f.holds(cart, "plum:3", "kiwi:1")
	f.same("revision", cart.Revision, int64(5))
}

func settleOnce(f *fixture) {
	owner, event := f.user(), NewID()
	bought := domain.Item{ProductID: "pear", Quantity: 2}
	f.put(owner, "pear", 5)
	f.same("applied", f.settle(owner, event, bought), true)
	f.same("applied again", f.settle(owner, event, bought), false)
	f.holds(f.get(owner), "pear:3")
	f.same("another event", f.settle(owner, NewID(), bought), true)
	f.holds(f.get(owner), "pear:1")
}

func settleEmpty(f *fixture) {
	owner, event := f.user(), NewID()
	bought := domain.Item{ProductID: "pear", Quantity: 2}
	f.same("applied", f.settle(owner, event, bought), true)
	f.same("revision", f.get(owner).Revision, int64(0))
	f.put(owner, "pear", 2)
	f.same("applied again", f.settle(owner, event, bought), false)
	f.holds(f.get(owner), "pear:2")
}
