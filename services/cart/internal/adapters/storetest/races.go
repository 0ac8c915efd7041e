package storetest

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/banyan-shop/banyan/services/cart/internal/app"
	"github.com/banyan-shop/banyan/services/cart/internal/domain"
	"github.com/banyan-shop/banyan/services/cart/internal/testkit"
)

func raceOfWriters(f *fixture) {
	const writers, each = 10, 5
	owner := f.user()
	testkit.Together(writers, func(writer int) {
		for i := range each {
			_, err := f.store.Put(context.Background(), owner,
				domain.Item{ProductID: product("p", writer*each+i), Quantity: 1 + i}, app.Request{})
			if err != nil {
				f.Errorf("writer %d: %v", writer, err)
			}
		}
	})
	cart := f.get(owner)
	f.same("lines", len(cart.Items), writers*each)
	f.same("revision", cart.Revision, int64(writers*each))
}

func raceAtTheLimit(f *fixture) {
	const writers = domain.MaxLines + 10
	owner := f.user()
	var refused atomic.Int32
	testkit.Together(writers, func(writer int) {
		_, err := f.store.Put(context.Background(), owner, domain.Item{ProductID: product("p", writer), Quantity: 1}, app.Request{})
		switch {
		case errors.Is(err, domain.CartFull()):
			refused.Add(1)
		case err != nil:
			f.Errorf("writer %d: %v", writer, err)
		}
	})
	f.same("lines", len(f.get(owner).Items), domain.MaxLines)
	f.same("refused", refused.Load(), int32(writers-domain.MaxLines))
}

func raceOfMerges(f *fixture) {
	user, guest := f.user(), f.guest()
	f.fill(guest, "g", 20)
	f.fill(user, "u", 5)
	testkit.Together(8, func(int) {
		if _, err := f.store.Merge(context.Background(), user, guest, app.Request{}); err != nil {
			f.Errorf("merge: %v", err)
		}
	})
	cart := f.get(user)
	f.same("lines", len(cart.Items), 25)
	f.same("revision", cart.Revision, int64(6))
	f.same("lines of the guest", len(f.get(guest).Items), 0)
}

func raceOfSettlers(f *fixture) {
	owner, event := f.user(), NewID()
	f.put(owner, "pear", 90)
	var applied atomic.Int32
	testkit.Together(16, func(int) {
		done, err := f.store.Settle(context.Background(), owner, event, []domain.Item{{ProductID: "pear", Quantity: 7}})
		if err != nil {
			f.Errorf("settle: %v", err)
		}
		if done {
			applied.Add(1)
		}
	})
	f.same("applied", applied.Load(), int32(1))
	f.holds(f.get(owner), "pear:83")
}
