package platform

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"go.opentelemetry.io/otel/codes"
)

const (
	ackWait       = 30 * time.Second
	maxAckPending = 256
	maxDeliveries = 6
	maxUnanswered = 20
	fetchAhead    = 16
	pullExpiry    = 10 * time.Second
	pullHeartbeat = 2 * time.Second
	handleLimit   = 10 * time.Second
	setUpLimit    = 5 * time.Second
	holdPause     = time.Second
	giveBackDelay = 250 * time.Millisecond
	retryMin      = 100 * time.Millisecond
	retryMax      = 2 * time.Second
	steady        = 10 * time.Second
)

// Event is a message of the broker as its producer made it.
type Event struct {
	ID       string
	Subject  string
	Type     string
	EntityID string
	Data     []byte
}

// Handler applies an event; applied is false when it had been applied before. Effect and memory of the event's id must be
// one step. An error has the event delivered again, unless it is ErrMalformed.
type Handler func(ctx context.Context, event Event) (applied bool, err error)

// ErrMalformed is for events that no retry can help: they go to the dead letters at once.
var ErrMalformed = errors.New("malformed event")

// InboxConfig says what is consumed.
type InboxConfig struct {
	// Stream is the producer's; the inbox waits until it is there.
	Stream string
	// Consumer is the durable name, `<service>-<stream in lower case>`.
	Consumer string
	Subjects []string
	Handle   Handler
	// Backoff is the wait after so many deliveries; nil means 1, 2, 4, 8 and 16 s.
	Backoff func(deliveries uint64) time.Duration
}

// Inbox is a durable consumer. Events are handled one after the other and acknowledged after their effect; failures come
// again after 1, 2, 4, 8 and 16 s, and the sixth one makes a dead letter. While a handler fails because something it needs
// is unavailable, the event is held instead: an outage is no event's fault.
type Inbox struct {
	log     Logger
	bus     *Bus
	metrics *Metrics
	tracing *Tracing
	config  InboxConfig
	loop    background
}

// NewInbox makes an inbox on a bus, which must start before it.
func NewInbox(log Logger, bus *Bus, metrics *Metrics, tracing *Tracing, config InboxConfig) *Inbox {
	if config.Backoff == nil {
		config.Backoff = backoff
	}
	return &Inbox{log: log.With("consumer", config.Consumer), bus: bus, metrics: metrics, tracing: tracing, config: config}
}

// Name implements Component.
func (i *Inbox) Name() string { return "inbox " + i.config.Consumer }

// Start implements Component.
func (i *Inbox) Start(context.Context) error {
	i.loop.start(i.log, i.Name(), i.run)
	return nil
}

// Stop implements Component: the event in hand is finished, those fetched with it are given back.
func (i *Inbox) Stop(ctx context.Context) error { return i.loop.stop(ctx) }

// Failure tells of a loop that has died.
func (i *Inbox) Failure() error { return i.loop.failure() }

// run consumes until ctx ends; what goes wrong is logged when it changes, and tried again at a bounded rate.
func (i *Inbox) run(ctx context.Context) {
	wait, last := retryMin, ""
	for {
		begun := time.Now()
		err := i.consume(ctx)
		if ctx.Err() != nil {
			return
		}
		if time.Since(begun) > steady {
			wait, last = retryMin, ""
		}
		if text := err.Error(); text != last {
			i.log.Warn("cannot consume now", "error", text)
			last = text
		}
		pause(ctx, wait)
		wait = min(2*wait, retryMax)
	}
}

// consume handles events, each as soon as it is there, until ctx ends or something is wrong.
func (i *Inbox) consume(ctx context.Context) error {
	consumer, err := i.setUp(ctx)
	if err != nil {
		return err
	}
	messages, err := consumer.Messages(jetstream.PullMaxMessages(fetchAhead), jetstream.PullExpiry(pullExpiry),
		jetstream.PullHeartbeat(pullHeartbeat))
	if err != nil {
		return fmt.Errorf("pull: %w", err)
	}
	defer messages.Stop()
	defer context.AfterFunc(ctx, func() { i.leave(messages) })()
	i.log.Info("consuming", "stream", i.config.Stream)
	for {
		message, err := messages.Next()
		if err != nil {
			return fmt.Errorf("pull: %w", err)
		}
		i.receive(ctx, message)
	}
}

// leave asks for no more; what is here or under way still comes out of Next, to be given back.
func (i *Inbox) leave(messages jetstream.MessagesContext) {
	if i.bus.connected() {
		messages.Drain()
	} else {
		messages.Stop()
	}
}

func (i *Inbox) setUp(ctx context.Context) (jetstream.Consumer, error) {
	if !i.bus.connected() {
		return nil, errors.New("the broker is not connected")
	}
	ctx, cancel := context.WithTimeout(ctx, setUpLimit)
	defer cancel()
	consumer, err := i.bus.stream.CreateOrUpdateConsumer(ctx, i.config.Stream, jetstream.ConsumerConfig{
		Durable:        i.config.Consumer,
		AckPolicy:      jetstream.AckExplicitPolicy,
		AckWait:        ackWait,
		MaxAckPending:  maxAckPending,
		FilterSubjects: i.config.Subjects,
		DeliverPolicy:  jetstream.DeliverAllPolicy,
	})
	if err != nil {
		return nil, fmt.Errorf("consumer on stream %s: %w", i.config.Stream, err)
	}
	return consumer, nil
}

// receive handles one message to its end, or gives it back when asked to stop before its effect.
func (i *Inbox) receive(ctx context.Context, message jetstream.Msg) {
	if ctx.Err() != nil {
		// Not at once, or the broker would send it to our own request, which is just ending, and then wait for ackWait.
		i.settle(message, message.NakWithDelay(giveBackDelay))
		return
	}
	traced, span := i.tracing.consume(context.WithoutCancel(ctx), "consume "+message.Subject(), message.Headers())
	defer span.End()
	outcome, err := i.hold(ctx, traced, message)
	if err != nil {
		span.SetStatus(codes.Error, "the event failed")
		outcome = i.fail(traced, message, err)
	} else {
		i.settle(message, message.Ack())
	}
	i.metrics.countEvent(i.config.Consumer, message.Subject(), outcome)
}

// hold handles the message, again and again while what its handler needs is unavailable, until stopping ends.
func (i *Inbox) hold(stopping, traced context.Context, message jetstream.Msg) (outcome string, err error) {
	for held := false; ; held = true {
		outcome, err = i.handle(traced, message)
		if !isUnavailable(err) || stopping.Err() != nil {
			return outcome, err
		}
		if !held {
			i.log.WarnContext(traced, "event is held", "event_id", message.Headers().Get(eventIDHeader), "error", err.Error())
		}
		i.settle(message, message.InProgress())
		pause(stopping, holdPause)
	}
}

// handle calls the handler once, within its limit; a stop does not cut it short.
func (i *Inbox) handle(ctx context.Context, message jetstream.Msg) (outcome string, err error) {
	ctx, cancel := context.WithTimeout(ctx, handleLimit)
	defer cancel()
	defer func() {
		if reason := recover(); reason != nil {
			err = fmt.Errorf("panic: %v\n%s", reason, debug.Stack())
		}
	}()
	header := message.Headers()
	event := Event{
		ID: header.Get(eventIDHeader), Subject: message.Subject(), Type: header.Get(eventTypeHeader),
		EntityID: header.Get(eventEntityHeader), Data: message.Data(),
	}
	if event.ID == "" {
		return "", fmt.Errorf("%w: it has no %s", ErrMalformed, eventIDHeader)
	}
	if deliveries := deliveriesOf(message); deliveries > maxUnanswered {
		return "", fmt.Errorf("%w: %d deliveries without an outcome, does it end the process?", ErrMalformed, deliveries)
	}
	applied, err := i.config.Handle(ctx, event)
	if err == nil && !applied {
		return outcomeDuplicate, nil
	}
	return outcomeProcessed, err
}

func isUnavailable(err error) bool {
	var coded Coded
	return errors.As(err, &coded) && (coded.Kind() == "unavailable" || coded.Kind() == "resource_exhausted")
}

// settle logs an answer to the broker that was not sent; the event then comes again, which is harmless.
func (i *Inbox) settle(message jetstream.Msg, err error) {
	if err != nil {
		i.log.Warn("cannot answer the broker", "subject", message.Subject(), "error", err.Error())
	}
}
