package bootstrap_test

import (
	"fmt"
	"strings"
	"testing"

	"go.uber.org/goleak"
	"google.golang.org/grpc/codes"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"

	cartv1 "github.com/banyan-shop/banyan/protos/gen/go/banyan/cart/v1"
	"github.com/banyan-shop/banyan/services/cart/internal/testkit"
	"github.com/banyan-shop/banyan/services/cart/internal/testkit/running"
)

const pear = "0190b7c0-0000-7000-8000-0000000000aa"

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// state is what health and readiness say: "SERVING 200".
func state(t *testing.T, service *running.Service) string {
	t.Helper()
	answer, err := service.Health.Check(running.As(t), &healthv1.HealthCheckRequest{Service: "banyan.cart.v1.CartService"})
	if err != nil {
		t.Fatal(err)
	}
	status, _ := service.Admin(t, "/readyz")
	return fmt.Sprintf("%v %d", answer.GetStatus(), status)
}

func becomes(t *testing.T, service *running.Service, want string) {
	t.Helper()
	testkit.Eventually(t, "readiness", func() error {
		if got := state(t, service); got != want {
			return fmt.Errorf("it is %s, want %s", got, want)
		}
		return nil
	})
}

func TestItStartsBeforeItsStoreAndOutlivesAnOutage(t *testing.T) {
	redis := testkit.NewRedis(t)
	service := running.Start(t, running.Options{Environment: map[string]string{"CART_REDIS_URL": redis.URL}})
	user := running.As(t, "banyan-user", "u1")

	if got := state(t, service); got != "NOT_SERVING 503" {
		t.Errorf("without a store it is %s", got)
	}
	if _, body := service.Admin(t, "/readyz"); !strings.Contains(body, `"store":"the cart store does not answer`) {
		t.Errorf("reasons are %s", body)
	}
	if status, _ := service.Admin(t, "/livez"); status != 200 {
		t.Errorf("without a store it is not alive: %d", status)
	}
	_, err := service.Carts.GetCart(user, &cartv1.GetCartRequest{})
	if failure := running.FailureOf(err); failure.Code != codes.Unavailable {
		t.Errorf("without a store a call answers %+v", failure)
	}
	redis.Start(t)
	becomes(t, service, "SERVING 200")
	put(t, service, 3)
	redis.Stop(t)
	becomes(t, service, "NOT_SERVING 503")
	redis.Start(t)
	becomes(t, service, "SERVING 200")
	kept, err := service.Carts.GetCart(running.As(t, "banyan-user", "u1"), &cartv1.GetCartRequest{})
	if err != nil || len(kept.GetCart().GetItems()) != 1 {
		t.Errorf("after the outage: %v, %v", kept, err)
	}
}

func TestItIsReadyWithoutABroker(t *testing.T) {
	service := running.Start(t, running.Options{})
	becomes(t, service, "SERVING 200")
	if status, body := service.Admin(t, "/readyz"); status != 200 || body != `{"ok":true,"reasons":{}}` {
		t.Errorf("readiness is %d %s", status, body)
	}
	if status, _ := service.Admin(t, "/nothing"); status != 404 {
		t.Errorf("an unknown path answers %d", status)
	}
}
