package redis_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/banyan-shop/banyan/services/cart/internal/adapters/redis"
	"github.com/banyan-shop/banyan/services/cart/internal/adapters/storetest"
	"github.com/banyan-shop/banyan/services/cart/internal/app"
	"github.com/banyan-shop/banyan/services/cart/internal/domain"
	"github.com/banyan-shop/banyan/services/cart/internal/platform"
	"github.com/banyan-shop/banyan/services/cart/internal/testkit"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func newStore(t *testing.T, server *testkit.Redis, clock redis.Clock) *redis.Store {
	t.Helper()
	client, err := redis.NewClient(server.URL, 16)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := client.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	log := platform.NewLogger("test", "error", io.Discard)
	return redis.New(client, redis.NewGuard(log, platform.NewMetrics(), 16), clock)
}

func TestRedisStoreKeepsTheContract(t *testing.T) {
	server := testkit.StartRedis(t)
	storetest.Run(t, func(t *testing.T, clock *testkit.Clock) app.Store {
		t.Helper()
		return newStore(t, server, clock)
	})
}

func TestTwoReplicasSeeOneCart(t *testing.T) {
	server := testkit.StartRedis(t)
	clock := testkit.NewClock()
	replicas := []*redis.Store{newStore(t, server, clock), newStore(t, server, clock)}
	owner := domain.UserOwner("u")
	testkit.Together(40, func(i int) {
		item := domain.Item{ProductID: strings.Repeat("p", i+1), Quantity: 1}
		if _, err := replicas[i%2].Put(t.Context(), owner, item, app.Request{}); err != nil {
			t.Error(err)
		}
	})
	cart, err := replicas[0].Get(t.Context(), owner)
	if err != nil || len(cart.Items) != 40 || cart.Revision != 40 {
		t.Fatalf("%d lines, revision %d, %v", len(cart.Items), cart.Revision, err)
	}
}

func TestKeysLiveAsLongAsTheirOwnersAndHideGuests(t *testing.T) {
	server := testkit.StartRedis(t)
	store, plain := newStore(t, server, testkit.NewClock()), server.Client(t)
	const secret = "a-guest-id-that-is-secret"
	guest, _ := domain.GuestOwner(secret)
	user := domain.UserOwner("u-1")
	for _, owner := range []domain.Owner{guest, user} {
		if _, err := store.Put(t.Context(), owner, domain.Item{ProductID: "pear", Quantity: 2}, app.Request{}); err != nil {
			t.Fatal(err)
		}
	}
	request := app.Request{Key: "a-key-that-is-secret", Digest: "d"}
	if _, err := store.Clear(t.Context(), guest, request); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Settle(t.Context(), user, "event-1", []domain.Item{{ProductID: "pear", Quantity: 1}}); err != nil {
		t.Fatal(err)
	}
	limits := map[string]time.Duration{
		"cart:u:u-1": 90 * 24 * time.Hour, "cart:settled:event-1": 8 * 24 * time.Hour, "cart:g:": 7 * 24 * time.Hour,
		"cart:answer:": 24 * time.Hour,
	}
	keys, err := plain.Keys(t.Context(), "*").Result()
	if err != nil || len(keys) != len(limits) {
		t.Fatalf("keys are %v, %v", keys, err)
	}
	for _, key := range keys {
		if strings.Contains(key, secret) || strings.Contains(key, request.Key) {
			t.Errorf("key %s shows a guest's id or what they sent", key)
		}
		for prefix, limit := range limits {
			if !strings.HasPrefix(key, prefix) {
				continue
			}
			left, err := plain.PTTL(t.Context(), key).Result()
			if err != nil || left > limit || left < limit-time.Minute {
				t.Errorf("%s lives for %v, %v; want %v", key, left, err, limit)
			}
		}
	}
}

func TestAServerThatLostItsScriptsGetsThemAgain(t *testing.T) {
	server := testkit.StartRedis(t)
	store := newStore(t, server, testkit.NewClock())
	owner := domain.UserOwner("u")
	for quantity := range 3 {
		if err := server.Client(t).ScriptFlush(t.Context()).Err(); err != nil {
			t.Fatal(err)
		}
		if _, err := store.Put(t.Context(), owner, domain.Item{ProductID: "pear", Quantity: quantity + 1}, app.Request{}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAnOutageIsUnavailableFailsFastAndEndsByItself(t *testing.T) {
	server := testkit.StartRedis(t)
	store := newStore(t, server, testkit.NewClock())
	owner := domain.UserOwner("u")
	if _, err := store.Put(t.Context(), owner, domain.Item{ProductID: "pear", Quantity: 2}, app.Request{}); err != nil {
		t.Fatal(err)
	}
	server.Stop(t)
	if err := store.Ping(t.Context()); !errors.Is(err, domain.StoreUnavailable(nil)) {
		t.Errorf("ping answers %v", err)
	}
	testkit.Eventually(t, "the circuit opens", func() error {
		_, err := store.Get(t.Context(), owner)
		if !errors.Is(err, domain.StoreUnavailable(nil)) {
			t.Fatalf("get answers %v", err)
		}
		if !strings.Contains(err.Error(), "circuit open") {
			return err
		}
		return nil
	})
	server.Start(t)
	testkit.Eventually(t, "the store is back", func() error {
		cart, err := store.Get(t.Context(), owner)
		if err == nil && len(cart.Items) != 1 {
			t.Fatalf("the cart holds %v", cart.Items)
		}
		return err
	})
}

func TestAHashThatSomeoneElseWroteIsAnErrorOfOurs(t *testing.T) {
	server := testkit.StartRedis(t)
	store, plain := newStore(t, server, testkit.NewClock()), server.Client(t)
	for user, fields := range map[string][]any{
		"line":     {":rev", 1, ":at", 1, ":seq", 1, "pear", "many"},
		"quantity": {":rev", 1, ":at", 1, ":seq", 1, "pear", "1 many"},
		"revision": {":rev", "x", ":at", time.Now().UnixMicro(), ":seq", 1},
		"time":     {":rev", 1, ":at", "noon", ":seq", 1},
	} {
		if err := plain.HSet(t.Context(), "cart:u:"+user, fields...).Err(); err != nil {
			t.Fatal(err)
		}
		_, err := store.Get(t.Context(), domain.UserOwner(user))
		if err == nil || errors.Is(err, domain.StoreUnavailable(nil)) {
			t.Errorf("%s: get answers %v", user, err)
		}
	}
	if err := plain.Set(t.Context(), "cart:u:text", "x", 0).Err(); err != nil {
		t.Fatal(err)
	}
	_, err := store.Put(t.Context(), domain.UserOwner("text"), domain.Item{ProductID: "pear", Quantity: 1}, app.Request{})
	if err == nil || errors.Is(err, domain.StoreUnavailable(nil)) {
		t.Errorf("put answers %v", err)
	}
}

func TestAnAddressThatMakesNoSenseIsRefusedWithoutQuotingIt(t *testing.T) {
	_, err := redis.NewClient("redis://user:hunter2@host:notaport/0", 1)
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Fatalf("error is %v", err)
	}
}
