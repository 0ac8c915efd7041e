package platform

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const deadLetterAge = 30 * 24 * time.Hour

// fail has the event delivered again after a while, or makes a dead letter of it; it returns the outcome.
func (i *Inbox) fail(ctx context.Context, message jetstream.Msg, cause error) (outcome string) {
	deliveries := uint64(1)
	if about, err := message.Metadata(); err == nil {
		deliveries = about.NumDelivered
	}
	id := message.Headers().Get(eventIDHeader)
	if !errors.Is(cause, ErrMalformed) && deliveries < maxDeliveries {
		again := i.config.Backoff(deliveries)
		i.log.WarnContext(ctx, "event failed", "event_id", id, "subject", message.Subject(),
			"deliveries", deliveries, "again_in_s", again.Seconds(), "error", cause.Error())
		i.settle(message, message.NakWithDelay(again))
		return outcomeRetried
	}
	if err := i.bury(ctx, message, cause); err != nil {
		i.log.ErrorContext(ctx, "no dead letter written", "event_id", id, "subject", message.Subject(), "error", err.Error())
		i.settle(message, message.NakWithDelay(i.config.Backoff(maxDeliveries)))
		return outcomeRetried
	}
	i.log.ErrorContext(ctx, "event is a dead letter", "event_id", id, "subject", message.Subject(),
		"deliveries", deliveries, "error", cause.Error())
	i.settle(message, message.Ack())
	return outcomeDeadLettered
}

// backoff is 1, 2, 4, 8 and then 16 s.
func backoff(deliveries uint64) time.Duration {
	return time.Second << min(max(deliveries, 1)-1, 4)
}

// bury keeps the event, with the reason, where an operator finds and re-sends it.
func (i *Inbox) bury(ctx context.Context, message jetstream.Msg, cause error) error {
	if err := i.ensureDeadLetters(ctx); err != nil {
		return err
	}
	header := nats.Header{}
	maps.Copy(header, message.Headers())
	header.Set(dlqReasonHeader, oneLine(cause.Error()))
	header.Set(dlqConsumerHeader, i.config.Consumer)
	letter := &nats.Msg{
		Subject: dlqPrefix + i.config.Consumer + "." + message.Subject(), Header: header, Data: message.Data(),
	}
	// The event's own id would make the broker drop it as a repeat when another consumer has given it up as well.
	id := i.config.Consumer + ":" + header.Get(eventIDHeader)
	if about, err := message.Metadata(); err == nil && header.Get(eventIDHeader) == "" {
		id = fmt.Sprintf("%s:%s:%d", i.config.Consumer, about.Stream, about.Sequence.Stream)
	}
	_, err := i.bus.stream.PublishMsg(ctx, letter, jetstream.WithMsgID(id))
	return err
}

func (i *Inbox) ensureDeadLetters(ctx context.Context) error {
	_, err := i.bus.stream.CreateStream(ctx, jetstream.StreamConfig{
		Name: dlqStream, Subjects: []string{dlqPrefix + ">"}, Storage: jetstream.FileStorage,
		Retention: jetstream.LimitsPolicy, MaxAge: deadLetterAge, Duplicates: 2 * time.Minute, Replicas: 1,
	})
	if errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) { // made by another consumer, with settings of its own
		return nil
	}
	return err
}

// oneLine keeps a reason fit for a header.
func oneLine(text string) string {
	const most = 512
	clean := make([]rune, 0, most)
	for _, r := range text {
		if len(clean) == most {
			break
		}
		if r < ' ' {
			r = ' '
		}
		clean = append(clean, r)
	}
	return string(clean)
}
