// Package running starts the whole service in a test, on free ports, with a real client in front.
package running

import (
	"bytes"
	"context"
	"io"
	"maps"
	"net/http"
	"sync"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"

	cartv1 "github.com/banyan-shop/banyan/protos/gen/go/banyan/cart/v1"
	"github.com/banyan-shop/banyan/services/cart/internal/bootstrap"
	"github.com/banyan-shop/banyan/services/cart/internal/config"
	"github.com/banyan-shop/banyan/services/cart/internal/platform"
	"github.com/banyan-shop/banyan/services/cart/internal/testkit"
)

// Nowhere is a broker's address at which nobody listens.
const Nowhere = "nats://127.0.0.1:1"

// Options change what is started; the zero value keeps carts in memory and finds no broker.
type Options struct {
	// Environment adds to and replaces the variables of the service.
	Environment map[string]string
	Replace     bootstrap.Overrides
}

// Service is a running one; it is stopped after the test.
type Service struct {
	Server *platform.Server
	Carts  cartv1.CartServiceClient
	Health healthv1.HealthClient

	logs *lockedBuffer
	stop func()
}

// Start starts it and waits until it listens.
func Start(t *testing.T, options Options) *Service {
	t.Helper()
	variables := map[string]string{
		"CART_REDIS_URL": config.MemoryStore, "CART_GRPC_LISTEN": "127.0.0.1:0", "CART_ADMIN_LISTEN": "127.0.0.1:0",
		"CART_LOG_LEVEL": "debug", "NATS_URL": Nowhere,
	}
	maps.Copy(variables, options.Environment)
	environ := make([]string, 0, len(variables))
	for key, value := range variables {
		environ = append(environ, key+"="+value)
	}
	cfg, err := config.Load(environ)
	if err != nil {
		t.Fatal(err)
	}
	s := &Service{logs: &lockedBuffer{}}
	process, err := bootstrap.Build(t.Context(), cfg, platform.NewLogger(bootstrap.Name, cfg.Own.LogLevel, s.logs), options.Replace)
	if err != nil {
		t.Fatal(err)
	}
	if s.Server, err = platform.NewServer(process); err != nil {
		t.Fatal(err)
	}
	s.stop = sync.OnceFunc(s.Server.Stop)
	t.Cleanup(s.stop)
	if err := s.Server.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	connection := Dial(t, s.Server.GRPCAddress())
	s.Carts, s.Health = cartv1.NewCartServiceClient(connection), healthv1.NewHealthClient(connection)
	return s
}

// Stop drains and stops it now.
func (s *Service) Stop() { s.stop() }

// Logs is every line so far.
func (s *Service) Logs() string { return s.logs.String() }

// Admin asks the admin port; it returns the status and the body.
func (s *Service) Admin(t *testing.T, path string) (status int, body string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), testkit.Patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.Server.AdminAddress()+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if err := response.Body.Close(); err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

// Dial opens a connection that is closed after the test.
func Dial(t *testing.T, target string, options ...grpc.DialOption) *grpc.ClientConn {
	t.Helper()
	connection, err := grpc.NewClient(target, append(options, grpc.WithTransportCredentials(insecure.NewCredentials()))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := connection.Close(); err != nil {
			t.Error(err)
		}
	})
	return connection
}

type lockedBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements io.Writer.
func (b *lockedBuffer) Write(text []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(text)
}

// String is what was written so far.
func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}
