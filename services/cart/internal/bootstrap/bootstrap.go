// Package bootstrap wires the service: settings in, everything a process needs out. Nothing is started here.
package bootstrap

import (
	"context"
	"fmt"
	"io"

	"github.com/prometheus/client_golang/prometheus"

	cartv1 "github.com/banyan-shop/banyan/protos/gen/go/banyan/cart/v1"
	"github.com/banyan-shop/banyan/services/cart/internal/adapters/memory"
	"github.com/banyan-shop/banyan/services/cart/internal/adapters/nats"
	"github.com/banyan-shop/banyan/services/cart/internal/adapters/redis"
	"github.com/banyan-shop/banyan/services/cart/internal/app"
	"github.com/banyan-shop/banyan/services/cart/internal/config"
	"github.com/banyan-shop/banyan/services/cart/internal/platform"
	"github.com/banyan-shop/banyan/services/cart/internal/rpc"
)

// Name is the service's, in logs, traces and error domains.
const Name = "cart"

// NewLogger makes the process's logger and has libraries use it as well; only main calls it, once.
func NewLogger(cfg *config.Config, to io.Writer) platform.Logger {
	log := platform.NewLogger(Name, cfg.Own.LogLevel, to)
	platform.AdoptLibraryLogs(log)
	redis.LogTo(log)
	return log
}

// Overrides replace parts, for tests; the zero value replaces none.
type Overrides struct {
	Store app.Store
	Clock platform.Clock
}

// Build makes the process's parts.
func Build(ctx context.Context, cfg *config.Config, log platform.Logger, replace Overrides) (*platform.App, error) {
	tracing, err := platform.NewTracing(ctx, Name, cfg.Shared.OTLPEndpoint)
	if err != nil {
		return nil, err
	}
	process := &platform.App{
		Name: Name, Own: cfg.Own, Log: log, Metrics: platform.NewMetrics(), Tracing: tracing,
	}
	process.Metrics.Registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "cart_requests_in_flight", Help: "Requests running now; the scaling signal",
	}, process.Metrics.InFlight))
	clock := replace.Clock
	if clock == nil {
		clock = platform.SystemClock{Offset: cfg.Shared.ClockOffset.Duration()}
	}
	live := platform.NewLive(process, cfg.Shared.LiveFile, platform.LiveLookEvery)
	process.Components = append(process.Components, live)
	store := replace.Store
	if store == nil {
		if store, err = newStore(cfg, clock, process); err != nil {
			return nil, err
		}
	}
	wire(process, cfg, store)
	return process, nil
}

// newStore makes the store that the settings name, and has the process close it.
func newStore(cfg *config.Config, clock platform.Clock, process *platform.App) (app.Store, error) {
	if cfg.InMemory() {
		process.Log.Warn("carts are kept in memory and are lost with this process")
		return memory.New(clock), nil
	}
	client, err := redis.NewClient(cfg.RedisURL.Reveal(), cfg.RedisPoolMax)
	if err != nil {
		return nil, fmt.Errorf("redis: %w", err)
	}
	if process.Tracing.Exports() {
		if err := client.Trace(process.Tracing.Provider()); err != nil {
			return nil, fmt.Errorf("redis tracing: %w", err)
		}
	}
	process.Components = append(process.Components, client)
	return redis.New(client, redis.NewGuard(process.Log, process.Metrics, cfg.RedisPoolMax), clock), nil
}

// wire puts the use cases between what comes in and the store.
func wire(process *platform.App, cfg *config.Config, store app.Store) {
	carts := app.NewService(store)
	bus := platform.NewBus(process.Log, Name, cfg.Shared.NATSURL)
	inbox := platform.NewInbox(process.Log, bus, process.Metrics, process.Tracing, platform.InboxConfig{
		Stream: nats.OrderStream, Consumer: nats.OrderConsumer, Subjects: []string{nats.OrderConfirmed},
		Handle: nats.HandleOrderConfirmed(carts),
	})
	process.Components = append(process.Components, bus, inbox)
	process.Services = []platform.Service{{Desc: &cartv1.CartService_ServiceDesc, Impl: rpc.NewServer(carts)}}
	process.Readiness = map[string]platform.Check{"store": store.Ping}
}
