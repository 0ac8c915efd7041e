package platform

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	deadLetterAge    = 30 * 24 * time.Hour
	deadLetterWindow = 2 * time.Minute
	publishLimit     = 5 * time.Second
	maxReasonBytes   = 500
)

// fail has the event delivered again after a while, or makes a dead letter of it; it returns the outcome.
func (i *Inbox) fail(ctx context.Context, message jetstream.Msg, cause error) (outcome string) {
	deliveries := deliveriesOf(message)
	log := i.log.With("event_id", message.Headers().Get(eventIDHeader), "subject", message.Subject(), "deliveries", deliveries)
	if !errors.Is(cause, ErrMalformed) && (deliveries < maxDeliveries || isUnavailable(cause)) {
		log.WarnContext(ctx, "event failed, will be tried again", "error", cause.Error())
		i.settle(message, message.NakWithDelay(i.config.Backoff(deliveries)))
		return outcomeRetried
	}
	if err := i.bury(ctx, message, cause); err != nil {
		log.ErrorContext(ctx, "no dead letter written", "error", err.Error())
		i.settle(message, message.NakWithDelay(i.config.Backoff(maxDeliveries)))
		return outcomeRetried
	}
	log.ErrorContext(ctx, "event dead-lettered", "error", cause.Error())
	i.settle(message, message.Ack())
	return outcomeDeadLettered
}

func deliveriesOf(message jetstream.Msg) uint64 {
	about, err := message.Metadata()
	if err != nil { // it did not come from a stream, which a test may do
		return 1
	}
	return about.NumDelivered
}

// placeOf is the message's sequence in its stream.
func placeOf(message jetstream.Msg) uint64 {
	about, err := message.Metadata()
	if err != nil { // it did not come from a stream, which a test may do
		return 0
	}
	return about.Sequence.Stream
}

// backoff is 1, 2, 4, 8 and then 16 s.
func backoff(deliveries uint64) time.Duration {
	return time.Second << min(max(deliveries, 1)-1, 4)
}

// bury keeps the event, with the reason, where an operator finds and re-sends it.
func (i *Inbox) bury(ctx context.Context, message jetstream.Msg, cause error) error {
	ctx, cancel := context.WithTimeout(ctx, publishLimit)
	defer cancel()
	if err := i.ensureDeadLetters(ctx); err != nil {
		return err
	}
	header := nats.Header{}
	for name, values := range message.Headers() {
		if !strings.HasPrefix(strings.ToLower(name), "nats-") { // the broker's own, which were for the first stream
			header[name] = values
		}
	}
	header.Set(dlqReasonHeader, oneLine(cause.Error()))
	header.Set(dlqConsumerHeader, i.config.Consumer)
	if id := header.Get(eventIDHeader); id != "" {
		// The event's id alone would make the broker drop it as a repeat when another consumer has given it up as well.
		// With its place: a letter that is sent again and fails again is another one, which the broker must not drop.
		header.Set(jetstream.MsgIDHeader, fmt.Sprintf("%s.%s.%d", i.config.Consumer, id, placeOf(message)))
	}
	_, err := i.bus.stream.PublishMsg(ctx, &nats.Msg{
		Subject: fmt.Sprintf("%s%s.%s", dlqPrefix, i.config.Consumer, message.Subject()), Header: header, Data: message.Data(),
	})
	return err
}

func (i *Inbox) ensureDeadLetters(ctx context.Context) error {
	_, err := i.bus.stream.CreateStream(ctx, jetstream.StreamConfig{
		Name: dlqStream, Subjects: []string{dlqPrefix + ">"}, Storage: jetstream.FileStorage,
		Retention: jetstream.LimitsPolicy, MaxAge: deadLetterAge, Duplicates: deadLetterWindow, Replicas: 1,
	})
	if errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) { // made by another consumer, with settings of its own
		return nil
	}
	return err
}

// oneLine keeps a reason fit for a header.
func oneLine(text string) string {
	line := strings.Join(strings.Fields(text), " ")
	return strings.ToValidUTF8(line[:min(len(line), maxReasonBytes)], "")
}
