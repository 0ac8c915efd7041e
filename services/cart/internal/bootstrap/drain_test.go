package bootstrap_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	_ "google.golang.org/grpc/health" // the client's side of health checks
	"google.golang.org/grpc/resolver"
	"google.golang.org/grpc/resolver/manual"

	cartv1 "github.com/banyan-shop/banyan/protos/gen/go/banyan/cart/v1"
	"github.com/banyan-shop/banyan/services/cart/internal/app"
	"github.com/banyan-shop/banyan/services/cart/internal/bootstrap"
	"github.com/banyan-shop/banyan/services/cart/internal/domain"
	"github.com/banyan-shop/banyan/services/cart/internal/testkit"
	"github.com/banyan-shop/banyan/services/cart/internal/testkit/running"
)

// roundRobin is a client over all replicas, with retries off so that each lost call shows.
func roundRobin(t *testing.T, replicas ...*running.Service) cartv1.CartServiceClient {
	t.Helper()
	addresses := make([]resolver.Address, 0, len(replicas))
	for _, replica := range replicas {
		addresses = append(addresses, resolver.Address{Addr: replica.Server.GRPCAddress()})
	}
	names := manual.NewBuilderWithScheme("replicas")
	names.InitialState(resolver.State{Addresses: addresses})
	return cartv1.NewCartServiceClient(running.Dial(t, "replicas:///cart", grpc.WithResolvers(names), grpc.WithDisableRetry(),
		grpc.WithDefaultServiceConfig(`{"loadBalancingConfig": [{"round_robin": {}}]}`)))
}

// load calls until stop is closed, from many at once; it returns what failed.
func load(t *testing.T, carts cartv1.CartServiceClient, stop <-chan struct{}, calls *atomic.Int64) (wait func() []error) {
	t.Helper()
	var all sync.WaitGroup
	var mu sync.Mutex
	var failed []error
	for range 8 {
		all.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				_, err := carts.PutItem(running.As(t, "banyan-user", "u1"), &cartv1.PutItemRequest{ProductId: pear, Quantity: 1})
				calls.Add(1)
				if err != nil {
					mu.Lock()
					failed = append(failed, err)
					mu.Unlock()
				}
			}
		})
	}
	return func() []error {
		all.Wait()
		return failed
	}
}

func TestAReplicaDrainsUnderLoadWithoutAFailedCall(t *testing.T) {
	redis := testkit.StartRedis(t)
	environment := map[string]string{"CART_REDIS_URL": redis.URL, "CART_DRAIN_DELAY_S": "0.1", "CART_LOG_LEVEL": "info"}
	leaving := running.Start(t, running.Options{Environment: environment})
	staying := running.Start(t, running.Options{Environment: environment})
	becomes(t, leaving, "SERVING 200")
	becomes(t, staying, "SERVING 200")
	stop, calls := make(chan struct{}), &atomic.Int64{}
	wait := load(t, roundRobin(t, leaving, staying), stop, calls)
	reach := func(count int64) {
		testkit.Eventually(t, "calls are made", func() error {
			if calls.Load() < count {
				return errors.New("too few")
			}
			return nil
		})
	}
	reach(200)
	leaving.Stop()
	reach(calls.Load() + 200)
	close(stop)
	if failed := wait(); len(failed) > 0 {
		t.Errorf("%d of %d calls failed, the first with %v", len(failed), calls.Load(), failed[0])
	}
}

func TestConnectionsAgeUnderLoadWithoutAFailedCall(t *testing.T) {
	service := running.Start(t, running.Options{Environment: map[string]string{
		"CART_MAX_CONNECTION_AGE_S": "0.2", "CART_LOG_LEVEL": "info",
	}})
	stop, calls := make(chan struct{}), &atomic.Int64{}
	wait := load(t, roundRobin(t, service), stop, calls)
	time.AfterFunc(1500*time.Millisecond, func() { close(stop) })
	if failed := wait(); len(failed) > 0 {
		t.Errorf("%d of %d calls failed, the first with %v", len(failed), calls.Load(), failed[0])
	}
}

// stuckStore holds each Get until open is closed or, when stubborn, for ever.
type stuckStore struct {
	app.Store

	inside, open chan struct{}
	stubborn     bool
}

func (s *stuckStore) Ping(context.Context) error { return nil }

func (s *stuckStore) Get(ctx context.Context, _ domain.Owner) (domain.Cart, error) {
	s.inside <- struct{}{}
	if s.stubborn {
		<-s.open
	}
	select {
	case <-s.open:
		return domain.Cart{Revision: 7}, nil
	case <-ctx.Done():
		return domain.Cart{}, ctx.Err()
	}
}

func startStuck(t *testing.T, store *stuckStore, grace string) (service *running.Service, answer chan error) {
	t.Helper()
	store.inside, store.open = make(chan struct{}), make(chan struct{})
	service = running.Start(t, running.Options{
		Environment: map[string]string{"CART_DRAIN_GRACE_S": grace}, Replace: bootstrap.Overrides{Store: store},
	})
	answer = make(chan error, 1)
	ctx := running.As(t, "banyan-user", "u1")
	go func() {
		_, err := service.Carts.GetCart(ctx, &cartv1.GetCartRequest{})
		answer <- err
	}()
	<-store.inside
	return service, answer
}

func TestACallInFlightFinishesDuringTheDrain(t *testing.T) {
	store := &stuckStore{}
	service, answer := startStuck(t, store, "10")
	stopped := make(chan struct{})
	go func() {
		service.Stop()
		close(stopped)
	}()
	testkit.Eventually(t, "draining begins", func() error {
		if status, body := service.Admin(t, "/readyz"); status != 503 || body != `{"ok":false,"reasons":{"drain":"the process is stopping"}}` {
			return errors.New(body)
		}
		return nil
	})
	select {
	case <-stopped:
		t.Fatal("it stopped with a call in flight")
	default:
	}
	close(store.open)
	if err := <-answer; err != nil {
		t.Errorf("the call in flight: %v", err)
	}
	<-stopped
}

func TestACallThatOutlivesTheGraceIsCut(t *testing.T) {
	store := &stuckStore{}
	service, answer := startStuck(t, store, "0.2")
	begun := time.Now()
	service.Stop()
	if took := time.Since(begun); took > 3*time.Second {
		t.Errorf("stopping took %v", took)
	}
	if failure := running.FailureOf(<-answer); failure.Code != codes.Unavailable {
		t.Errorf("the call cut answers %+v", failure)
	}
}

func TestAHandlerThatHangsDoesNotKeepTheProcess(t *testing.T) {
	store := &stuckStore{stubborn: true}
	service, answer := startStuck(t, store, "0.2")
	begun := time.Now()
	service.Stop()
	if took := time.Since(begun); took > 6*time.Second {
		t.Errorf("stopping took %v", took)
	}
	if err := <-answer; err == nil {
		t.Error("the call that hangs was answered")
	}
	close(store.open)
}

// The retries that callers use lie in the shared file; it must be one that this gRPC library understands.
func TestTheSharedServiceConfigIsUnderstood(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(testkit.RepoRoot(t), "protos/config/service_config.json"))
	if err != nil {
		t.Fatal(err)
	}
	service := running.Start(t, running.Options{})
	carts := cartv1.NewCartServiceClient(running.Dial(t, service.Server.GRPCAddress(), grpc.WithDefaultServiceConfig(string(text))))
	if _, err := carts.GetCart(running.As(t, "banyan-user", "u1"), &cartv1.GetCartRequest{}); err != nil {
		t.Error(err)
	}
}
