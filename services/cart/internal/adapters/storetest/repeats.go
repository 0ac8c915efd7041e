package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/banyan-shop/banyan/services/cart/internal/app"
	"github.com/banyan-shop/banyan/services/cart/internal/domain"
	"github.com/banyan-shop/banyan/services/cart/internal/testkit"
)

// putKeyed puts under the one key of these tests; what the request's digest covers is the line.
func (f *fixture) putKeyed(owner domain.Owner, productID string, quantity int) (app.Answer, error) {
	f.Helper()
	item := domain.Item{ProductID: productID, Quantity: quantity}
	return f.store.Put(context.Background(), owner, item, app.Request{Key: "k", Digest: fmt.Sprint(item)})
}

func repeatedRequest(f *fixture) {
	ctx, owner := context.Background(), f.user()
	first := must1(f.putKeyed(owner, "pear", 3))(f)
	f.put(owner, "pear", 9)
	f.put(owner, "fig", 1)
	again := must1(f.putKeyed(owner, "pear", 3))(f)
	f.holds(again.Cart, "pear:3")
	f.same("replayed", fmt.Sprint(first.Replayed, again.Replayed), "false true")
	f.same("revision", again.Revision, first.Revision)
	f.same("time", again.UpdatedAt, first.UpdatedAt)
	f.holds(f.get(owner), "pear:9", "fig:1")

	remove, empty := app.Request{Key: "r", Digest: "r"}, app.Request{Key: "c", Digest: "c"}
	for try, replayed := range []bool{false, true} {
		removed := must1(f.store.Remove(ctx, owner, "pear", remove))(f)
		f.holds(removed.Cart, "fig:1")
		cleared := must1(f.store.Clear(ctx, owner, empty))(f)
		f.holds(cleared.Cart)
		f.same(fmt.Sprintf("replayed in try %d", try), fmt.Sprint(removed.Replayed, cleared.Replayed), fmt.Sprint(replayed, replayed))
		f.put(owner, "pear", 2)
	}
	f.holds(f.get(owner), "pear:2")
}

func reusedKey(f *fixture) {
	owner := f.user()
	must1(f.putKeyed(owner, "pear", 3))(f)
	_, err := f.putKeyed(owner, "pear", 4)
	f.refused(err, domain.KeyReused())
	f.holds(f.get(owner), "pear:3")
}

func ownKeys(f *fixture) {
	id := NewID()
	guest, _ := domain.GuestOwner(id)
	for _, owner := range []domain.Owner{domain.UserOwner(id), guest, f.user()} {
		answer := must1(f.putKeyed(owner, "pear", 1+len(owner.ID())%9))(f)
		f.same("replayed", answer.Replayed, false)
		f.same("lines", len(f.get(owner).Items), 1)
	}
}

func refusalNotKept(f *fixture) {
	owner := f.user()
	f.fill(owner, "p", domain.MaxLines)
	_, err := f.putKeyed(owner, "late", 1)
	f.refused(err, domain.CartFull())
	must2(f.store.Remove(context.Background(), owner, product("p", 0), app.Request{}))(f)
	answer := must1(f.putKeyed(owner, "late", 1))(f)
	f.same("replayed", answer.Replayed, false)
	f.same("last line", answer.Items[domain.MaxLines-1].ProductID, "late")
}

func keyExpiry(f *fixture) {
	owner := f.user()
	must1(f.putKeyed(owner, "pear", 3))(f)
	f.clock.Advance(app.AnswerTTL - 1000)
	f.same("replayed within its time", must1(f.putKeyed(owner, "pear", 3))(f).Replayed, true)
	f.clock.Advance(1000)
	answer := must1(f.putKeyed(owner, "fig", 1))(f)
	f.same("replayed", answer.Replayed, false)
	f.holds(answer.Cart, "pear:3", "fig:1")
}

func repeatedMerge(f *fixture) {
	user, guest := f.user(), f.guest()
	f.fill(user, "p", domain.MaxLines)
	f.put(guest, "late", 2)
	request := app.Request{Key: "m", Digest: "m"}
	for try, replayed := range []bool{false, true} {
		answer := must1(f.store.Merge(context.Background(), user, guest, request))(f)
		f.same(fmt.Sprintf("dropped in try %d", try), fmt.Sprint(answer.Dropped), "[late]")
		f.same("replayed", answer.Replayed, replayed)
		must2(f.store.Clear(context.Background(), user, app.Request{}))(f)
	}
	f.holds(f.get(guest), "late:2")
}

func raceOfRepeats(f *fixture) {
	owner := f.user()
	var first atomic.Int32
	testkit.Together(16, func(i int) {
		answer, err := f.putKeyed(owner, "pear", 1+i%2)
		switch {
		case errors.Is(err, domain.KeyReused()):
		case err != nil:
			f.Errorf("put: %v", err)
		case !answer.Replayed:
			first.Add(1)
		}
	})
	f.same("effects", first.Load(), int32(1))
	f.same("revision", f.get(owner).Revision, int64(1))
}

// must1 lets a change be written in one line.
func must1(answer app.Answer, err error) func(*fixture) app.Answer {
	return func(f *fixture) app.Answer {
		f.Helper()
		return must(f, answer, err)
	}
}
