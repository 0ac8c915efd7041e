package platform

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	busTimeout       = 2 * time.Second
	busReconnectWait = 250 * time.Millisecond
	busPing          = 10 * time.Second
)

// Bus is the connection to the event broker. It starts without the broker and connects by itself as soon as it can.
type Bus struct {
	log        Logger
	name, url  string
	connection *nats.Conn
	stream     jetstream.JetStream
}

// NewBus makes a bus; name shows in the broker's list of connections.
func NewBus(log Logger, name string, url SecretURL) *Bus {
	return &Bus{log: log, name: name, url: url.Reveal()}
}

// Name implements Component.
func (b *Bus) Name() string { return "bus" }

// Start implements Component; it fails only when the address makes no sense.
func (b *Bus) Start(context.Context) error {
	connection, err := nats.Connect(b.url,
		nats.Name(b.name), nats.Timeout(busTimeout), nats.RetryOnFailedConnect(true), nats.MaxReconnects(-1),
		nats.ReconnectWait(busReconnectWait), nats.ReconnectJitter(busReconnectWait, busReconnectWait),
		nats.PingInterval(busPing), nats.MaxPingsOutstanding(2),
		nats.ConnectHandler(func(*nats.Conn) { b.log.Info("broker connected") }),
		nats.ReconnectHandler(func(*nats.Conn) { b.log.Info("broker connected again") }),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil { // nil when we close
				b.log.Warn("broker lost", "error", err.Error())
			}
		}),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			b.log.Warn("broker connection", "error", err.Error())
		}),
	)
	if err != nil {
		return err
	}
	b.connection = connection
	b.stream, err = jetstream.New(connection)
	return err
}

// Stop implements Component; acknowledgements under way are sent first.
func (b *Bus) Stop(ctx context.Context) error {
	if b.connection == nil {
		return nil
	}
	defer b.connection.Close()
	if !b.connection.IsConnected() {
		return nil
	}
	if err := b.connection.FlushWithContext(ctx); err != nil && !errors.Is(err, nats.ErrConnectionClosed) {
		return fmt.Errorf("flush: %w", err)
	}
	return nil
}

func (b *Bus) connected() bool { return b.connection != nil && b.connection.IsConnected() }
