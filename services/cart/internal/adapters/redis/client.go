package redis

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/redis/go-redis/extra/redisotel/v9"
	goredis "github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
	"go.opentelemetry.io/otel/trace"

	"github.com/banyan-shop/banyan/services/cart/internal/domain"
	"github.com/banyan-shop/banyan/services/cart/internal/platform"
)

// Limits of one command, and of the wait for a connection. The library itself repeats nothing: all scripts may be repeated
// without harm, but the guard does that, within its budget.
const (
	dialTimeout = time.Second
	ioTimeout   = 500 * time.Millisecond
	noRetries   = -1
)

// Client is the pool of connections. It connects when first used, and again whenever it must.
type Client struct {
	*goredis.Client
}

// NewClient makes a pool of at most poolMax connections to url.
func NewClient(url string, poolMax int) (*Client, error) {
	options, err := goredis.ParseURL(url)
	if err != nil {
		return nil, errors.New("the address cannot be understood") // the cause quotes it, password and all
	}
	options.PoolSize = poolMax
	options.PoolTimeout = ioTimeout
	options.DialTimeout = dialTimeout
	options.ReadTimeout = ioTimeout
	options.WriteTimeout = ioTimeout
	options.MaxRetries = noRetries
	options.DialerRetries = 1
	options.ContextTimeoutEnabled = true
	options.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	return &Client{goredis.NewClient(options)}, nil
}

// LogTo brings what the library says into our log. It is one for the whole process, so call it once, before NewClient.
func LogTo(log *slog.Logger) { goredis.SetLogger(libraryLog{log}) }

type libraryLog struct{ log *slog.Logger }

// Printf implements the library's logger.
func (l libraryLog) Printf(ctx context.Context, format string, values ...any) {
	l.log.DebugContext(ctx, "redis client", "message", fmt.Sprintf(format, values...))
}

// Trace makes a span of each command; without its words, which name owners.
func (c *Client) Trace(provider trace.TracerProvider) error {
	return redisotel.InstrumentTracing(c.Client, redisotel.WithTracerProvider(provider), redisotel.WithDBStatement(false))
}

// Name implements platform.Component.
func (c *Client) Name() string { return "redis" }

// Start implements platform.Component; there is nothing to wait for.
func (c *Client) Start(context.Context) error { return nil }

// Stop implements platform.Component.
func (c *Client) Stop(context.Context) error { return c.Close() }

// isAway tells a server that cannot be reached from an answer of it.
func isAway(err error) bool { return errors.Is(err, domain.StoreUnavailable(nil)) }

// NewGuard makes what stands around a client's calls: as many at once as it has connections.
func NewGuard(log platform.Logger, metrics *platform.Metrics, poolMax int) *platform.Guard {
	return platform.NewGuard(log, metrics, platform.GuardConfig{
		Upstream: "redis", MaxConcurrent: poolMax, MaxWait: ioTimeout, IsAway: isAway,
		Rejected: func(cause error) error { return domain.StoreUnavailable(cause) },
	})
}
