package rpc_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	cartv1 "github.com/banyan-shop/banyan/protos/gen/go/banyan/cart/v1"
	"github.com/banyan-shop/banyan/services/cart/internal/app"
	"github.com/banyan-shop/banyan/services/cart/internal/bootstrap"
	"github.com/banyan-shop/banyan/services/cart/internal/domain"
	"github.com/banyan-shop/banyan/services/cart/internal/testkit"
	"github.com/banyan-shop/banyan/services/cart/internal/testkit/running"
)

// store answers Get as told; it has nothing else.
type store struct {
	app.Store

	get func(context.Context) (domain.Cart, error)
}

func (s store) Get(ctx context.Context, _ domain.Owner) (domain.Cart, error) { return s.get(ctx) }

func (s store) Ping(context.Context) error { return nil }

func startWith(t *testing.T, environment map[string]string, get func(context.Context) (domain.Cart, error)) *running.Service {
	t.Helper()
	return running.Start(t, running.Options{
		Environment: environment, Replace: bootstrap.Overrides{Store: store{get: get}},
	})
}

func get(ctx context.Context, service *running.Service) error {
	_, err := service.Carts.GetCart(ctx, &cartv1.GetCartRequest{})
	return err
}

func TestFaultsOfOursTellTheCallerNothingAndTheLogAll(t *testing.T) {
	const secret = "guest-with-a-secret"
	for name, fault := range map[string]func(context.Context) (domain.Cart, error){
		"an error": func(context.Context) (domain.Cart, error) { return domain.Cart{}, errors.New("the disk melted") },
		"a panic":  func(context.Context) (domain.Cart, error) { panic("the disk melted") },
	} {
		t.Run(name, func(t *testing.T) {
			service := startWith(t, nil, fault)
			ctx := running.As(t, "banyan-guest", secret, "traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
			failure := running.FailureOf(get(ctx, service))
			if failure.Code != codes.Internal || failure.Reason != "INTERNAL" || failure.Message != "internal error" {
				t.Errorf("answer is %+v", failure)
			}
			logs := service.Logs()
			for _, want := range []string{"the disk melted", `"level":"error"`, `"trace_id":"0af7651916cd43dd8448eb211c80319c"`} {
				if !strings.Contains(logs, want) {
					t.Errorf("the log has no %s", want)
				}
			}
			if strings.Contains(logs, secret) {
				t.Error("the log shows a guest's id")
			}
		})
	}
}

func TestAMissingStoreIsUnavailable(t *testing.T) {
	service := startWith(t, nil, func(context.Context) (domain.Cart, error) {
		return domain.Cart{}, domain.StoreUnavailable(errors.New("10.0.0.7 refused"))
	})
	failure := running.FailureOf(get(running.As(t, "banyan-user", "u1"), service))
	if failure.Code != codes.Unavailable || failure.Reason != "STORE_UNAVAILABLE" || strings.Contains(failure.Message, "10.0.0.7") {
		t.Errorf("answer is %+v", failure)
	}
}

func TestACallEndsWithItsDeadlineAndOneWithoutIsCounted(t *testing.T) {
	ended := make(chan error, 1)
	service := startWith(t, nil, func(ctx context.Context) (domain.Cart, error) {
		if deadline, ok := ctx.Deadline(); !ok || time.Until(deadline) > 10*time.Second {
			return domain.Cart{}, errors.New("no deadline in the handler")
		} else if time.Until(deadline) > time.Second {
			return domain.Cart{}, nil
		}
		<-ctx.Done()
		ended <- ctx.Err()
		return domain.Cart{}, ctx.Err()
	})
	short, cancel := context.WithTimeout(running.As(t, "banyan-user", "u1"), 200*time.Millisecond)
	defer cancel()
	if failure := running.FailureOf(get(short, service)); failure.Code != codes.DeadlineExceeded {
		t.Errorf("answer is %+v", failure)
	}
	select {
	case err := <-ended:
		if !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, context.Canceled) {
			t.Errorf("the handler ended with %v", err)
		}
	case <-time.After(testkit.Patience):
		t.Fatal("the handler did not end")
	}
	endless := context.WithoutCancel(running.As(t, "banyan-user", "u1"))
	if err := get(endless, service); err != nil {
		t.Error(err)
	}
	if _, metrics := service.Admin(t, "/metrics"); !strings.Contains(metrics, "rpc_server_no_deadline_total 1\n") {
		t.Error("the call without a deadline is not counted")
	}
}

func TestLoadAboveTheLimitIsShed(t *testing.T) {
	const limit = 2
	inside, open := make(chan struct{}, limit), make(chan struct{})
	service := startWith(t, map[string]string{"CART_MAX_CONCURRENT_RPCS": "2"}, func(ctx context.Context) (domain.Cart, error) {
		inside <- struct{}{}
		select {
		case <-open:
			return domain.Cart{}, nil
		case <-ctx.Done():
			return domain.Cart{}, ctx.Err()
		}
	})
	answers := make(chan error, limit)
	for range limit {
		ctx := running.As(t, "banyan-user", "u1")
		go func() { answers <- get(ctx, service) }()
		<-inside
	}
	failure := running.FailureOf(get(running.As(t, "banyan-user", "u1"), service))
	if failure.Code != codes.ResourceExhausted || failure.Reason != "OVERLOADED" || failure.RetryAfter != 200*time.Millisecond {
		t.Errorf("answer is %+v", failure)
	}
	_, metrics := service.Admin(t, "/metrics")
	for _, want := range []string{"cart_requests_in_flight 2\n", "rpc_server_in_flight 2\n", "rpc_server_shed_total 1\n"} {
		if !strings.Contains(metrics, want) {
			t.Errorf("metrics have no %q", want)
		}
	}
	close(open)
	for range limit {
		if err := <-answers; err != nil {
			t.Error(err)
		}
	}
	_, metrics = service.Admin(t, "/metrics")
	if want := fmt.Sprintf("cart_requests_in_flight %d\n", 0); !strings.Contains(metrics, want) {
		t.Errorf("metrics have no %q", want)
	}
}
