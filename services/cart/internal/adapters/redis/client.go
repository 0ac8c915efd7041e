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
)

// Limits of one command. All scripts may be repeated without harm, so the client may try a second time on a connection
// that broke.
const (
	dialTimeout = time.Second
	ioTimeout   = 500 * time.Millisecond
	maxRetries  = 1
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
	options.MaxRetries = maxRetries
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

// IsAway tells a server that cannot be reached from an answer of it.
func IsAway(err error) bool { return errors.Is(err, domain.StoreUnavailable(nil)) }

// CircuitOpen is the error of a call that was not tried.
func CircuitOpen() error { return domain.StoreUnavailable(errors.New("circuit open")) }
