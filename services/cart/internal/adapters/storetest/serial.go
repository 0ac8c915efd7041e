package storetest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/banyan-shop/banyan/services/cart/internal/app"
	"github.com/banyan-shop/banyan/services/cart/internal/domain"
	"github.com/banyan-shop/banyan/services/cart/internal/testkit"
)

// written is one change that a writer made, what it was answered, and what it does to a cart by the domain's rules.
type written struct {
	writer int
	what   string
	answer domain.Cart
	effect func(*domain.Cart)
}

// raceOnOneCart has writers change the same few lines at once; their answers must be those of some order of the changes, one
// after the other, in which each writer's own stay in order, and which ends at the cart that is kept.
func raceOnOneCart(f *fixture) {
	const writers, each = 12, 40
	owner := f.user()
	logs := make([][]written, writers)
	testkit.Together(writers, func(writer int) {
		for range each {
			change, err := f.change(owner)
			if err != nil {
				f.Errorf("writer %d, %s: %v", writer, change.what, err)
				return
			}
			change.writer = writer
			logs[writer] = append(logs[writer], change)
		}
	})
	byRevision := map[int64][]written{}
	for _, log := range logs {
		last := int64(0)
		for _, change := range log {
			if change.answer.Revision < last {
				f.Errorf("writer %d sees revision %d after %d", change.writer, change.answer.Revision, last)
			}
			last = change.answer.Revision
			byRevision[last] = append(byRevision[last], change)
		}
	}
	state := domain.Cart{}
	for _, change := range byRevision[0] {
		f.same(change.what+" on an empty cart", applied(state, change).Revision, int64(0))
	}
	for left := writers*each - len(byRevision[0]); left > 0; {
		next := byRevision[state.Revision+1]
		if state = f.step(state, next); f.Failed() {
			return
		}
		left -= len(next)
	}
	kept := f.get(owner)
	f.same("revision kept", kept.Revision, state.Revision)
	f.same("lines kept", fmt.Sprint(kept.Items), fmt.Sprint(state.Items))
	f.same("revisions are many", state.Revision > writers, true)
}

// step is the cart after the one of the changes that made the next revision; the others must have found it so.
func (f *fixture) step(before domain.Cart, changes []written) domain.Cart {
	f.Helper()
	if len(changes) == 0 {
		f.Errorf("nobody was told of revision %d: a change is lost", before.Revision+1)
		return before
	}
	after := changes[0].answer
	makers := 0
	for _, change := range changes {
		f.same(fmt.Sprintf("a cart of revision %d", after.Revision), fmt.Sprint(change.answer.Items), fmt.Sprint(after.Items))
		if made := applied(before, change); made.Revision == after.Revision && slices.Equal(made.Items, after.Items) {
			makers++
		} else if kept := applied(after, change); kept.Revision != after.Revision {
			f.Errorf("%s cannot have been answered with revision %d, %v", change.what, after.Revision, after.Items)
		}
	}
	if makers == 0 {
		f.Errorf("no change makes %v of %v", after.Items, before.Items)
	}
	return after
}

func applied(to domain.Cart, change written) domain.Cart {
	cart := to.Clone()
	change.effect(&cart)
	return cart
}

// change makes one at random: the fewer the products, the more they meet.
func (f *fixture) change(owner domain.Owner) (written, error) {
	id, quantity := product("p", rand.IntN(4)), 1+rand.IntN(9) //nolint:gosec // chance, no secret
	now := f.clock.Now()
	var answer app.Answer
	var err error
	var change written
	switch dice := rand.IntN(10); { //nolint:gosec // chance, no secret
	case dice < 6:
		answer, err = f.store.Put(context.Background(), owner, domain.Item{ProductID: id, Quantity: quantity}, app.Request{})
		change.what = fmt.Sprintf("put %s:%d", id, quantity)
		change.effect = func(cart *domain.Cart) { _ = cart.Put(id, quantity, now) } // four lines always fit
	case dice < 9:
		answer, err = f.store.Remove(context.Background(), owner, id, app.Request{})
		change.what, change.effect = "remove "+id, func(cart *domain.Cart) { cart.Remove(id, now) }
	default:
		answer, err = f.store.Clear(context.Background(), owner, app.Request{})
		change.what, change.effect = "clear", func(cart *domain.Cart) { cart.Clear(now) }
	}
	change.answer = answer.Cart
	return change, err
}
