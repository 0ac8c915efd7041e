package platform_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"go.opentelemetry.io/otel/trace"

	"github.com/banyan-shop/banyan/services/cart/internal/platform"
	"github.com/banyan-shop/banyan/services/cart/internal/testkit"
)

const traceID = "0af7651916cd43dd8448eb211c80319c"

// consumption is an inbox on a broker of its own; handle is what it does with each event.
type consumption struct {
	stream  jetstream.JetStream
	metrics *platform.Metrics
	inbox   *platform.Inbox
	stop    func()
}

func consume(t *testing.T, handle platform.Handler) *consumption {
	t.Helper()
	broker := testkit.StartNATS(t)
	c := &consumption{stream: broker.JetStream(t), metrics: platform.NewMetrics()}
	if _, err := c.stream.CreateStream(t.Context(), jetstream.StreamConfig{Name: "THING", Subjects: []string{"thing.>"}}); err != nil {
		t.Fatal(err)
	}
	log := platform.NewLogger("demo", "error", io.Discard)
	tracing, err := platform.NewTracing(t.Context(), "demo", "")
	if err != nil {
		t.Fatal(err)
	}
	bus := platform.NewBus(log, "demo", platform.SecretURL(broker.URL))
	inbox := platform.NewInbox(log, bus, c.metrics, tracing, platform.InboxConfig{
		Stream: "THING", Consumer: "demo-thing", Subjects: []string{"thing.made"},
		Handle:  handle,
		Backoff: func(uint64) time.Duration { return time.Millisecond },
	})
	c.inbox = inbox
	for _, part := range []platform.Component{bus, inbox} {
		if err := part.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	c.stop = sync.OnceFunc(func() {
		ctx, cancel := context.WithTimeout(context.Background(), testkit.Patience)
		defer cancel()
		for _, part := range []platform.Component{inbox, bus} {
			if err := part.Stop(ctx); err != nil {
				t.Errorf("stop %s: %v", part.Name(), err)
			}
		}
		if err := inbox.Failure(); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(c.stop)
	return c
}

func (c *consumption) publish(t *testing.T, id string) {
	t.Helper()
	message := &nats.Msg{Subject: "thing.made", Header: nats.Header{}, Data: []byte("data of " + id)}
	message.Header.Set("ce-id", id)
	message.Header.Set("ce-type", "demo.v1.ThingMade")
	message.Header.Set("ce-subject", "t1")
	message.Header.Set("traceparent", "00-"+traceID+"-b7ad6b7169203331-01")
	message.Header.Set(jetstream.MsgIDHeader, id)
	if _, err := c.stream.PublishMsg(t.Context(), message); err != nil {
		t.Fatal(err)
	}
}

// count is one sample of inbox_events_total.
func (c *consumption) count(t *testing.T, outcome string) float64 {
	t.Helper()
	families, err := c.metrics.Registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		if family.GetName() != "inbox_events_total" {
			continue
		}
		for _, metric := range family.GetMetric() {
			for _, label := range metric.GetLabel() {
				if label.GetName() == "outcome" && label.GetValue() == outcome {
					return metric.GetCounter().GetValue()
				}
			}
		}
	}
	return 0
}

func (c *consumption) becomes(t *testing.T, outcome string, want float64) {
	t.Helper()
	testkit.Eventually(t, outcome, func() error {
		if got := c.count(t, outcome); got != want {
			return fmt.Errorf("%v, want %v", got, want)
		}
		return nil
	})
}

func TestAnEventArrivesWhole(t *testing.T) {
	events := make(chan platform.Event, 1)
	c := consume(t, func(ctx context.Context, event platform.Event) (bool, error) {
		if got := trace.SpanContextFromContext(ctx).TraceID().String(); got != traceID {
			t.Errorf("it is handled in trace %s", got)
		}
		events <- event
		return true, nil
	})
	c.publish(t, "e1")
	got := <-events
	want := platform.Event{ID: "e1", Subject: "thing.made", Type: "demo.v1.ThingMade", EntityID: "t1", Data: []byte("data of e1")}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("event is %+v", got)
	}
	c.becomes(t, "processed", 1)
}

func TestAFailureIsTriedSixTimesAndThenKept(t *testing.T) {
	c := consume(t, func(_ context.Context, event platform.Event) (bool, error) {
		if event.ID == "bad" {
			return false, errors.New("no\nroom\tleft")
		}
		return true, nil
	})
	c.publish(t, "bad")
	c.publish(t, "good")
	c.becomes(t, "dead_lettered", 1)
	c.becomes(t, "retried", 5)
	c.becomes(t, "processed", 1)
	letters, err := c.stream.Stream(t.Context(), "DLQ")
	if err != nil {
		t.Fatal(err)
	}
	letter, err := letters.GetLastMsgForSubject(t.Context(), "dlq.demo-thing.thing.made")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"banyan-dlq-reason": "no room left", "banyan-dlq-consumer": "demo-thing", "ce-id": "bad",
		"ce-type": "demo.v1.ThingMade", "ce-subject": "t1", jetstream.MsgIDHeader: "demo-thing.bad.1",
		"traceparent": "00-" + traceID + "-b7ad6b7169203331-01",
	} {
		if got := letter.Header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if string(letter.Data) != "data of bad" {
		t.Errorf("data is %q", letter.Data)
	}
}

func TestALetterThatIsSentAgainAndFailsAgainIsAnotherOne(t *testing.T) {
	c := consume(t, func(context.Context, platform.Event) (bool, error) { return false, platform.ErrMalformed })
	for range 2 { // under the broker's own id the second would be dropped as a repeat, here and as a letter
		message := &nats.Msg{Subject: "thing.made", Header: nats.Header{"ce-id": {"bad"}}}
		message.Header.Set("traceparent", "00-"+traceID+"-b7ad6b7169203331-01")
		if _, err := c.stream.PublishMsg(t.Context(), message); err != nil {
			t.Fatal(err)
		}
	}
	c.becomes(t, "dead_lettered", 2)
	letters, err := c.stream.Stream(t.Context(), "DLQ")
	if err != nil {
		t.Fatal(err)
	}
	for sequence := range uint64(2) {
		letter, err := letters.GetMsg(t.Context(), sequence+1)
		if err != nil {
			t.Fatal(err)
		}
		if id, want := letter.Header.Get(jetstream.MsgIDHeader), fmt.Sprintf("demo-thing.bad.%d", sequence+1); id != want {
			t.Errorf("letter %d has the id %q, want %q", sequence, id, want)
		}
		if !strings.Contains(letter.Header.Get("traceparent"), traceID) || letter.Header.Get("banyan-dlq-reason") == "" {
			t.Errorf("letter %d has no trace or reason: %v", sequence, letter.Header)
		}
	}
}

func TestARefusalForWantOfRoomIsNotTheEventsFault(t *testing.T) {
	tries := 0
	c := consume(t, func(context.Context, platform.Event) (bool, error) {
		if tries++; tries <= 6 { // at the sixth, an event at fault is given up
			return false, platform.Overloaded("full")
		}
		return true, nil
	})
	c.publish(t, "e1")
	c.becomes(t, "processed", 1)
	c.becomes(t, "dead_lettered", 0)
}

func TestAPanicIsAFailureLikeAnyOther(t *testing.T) {
	tries := 0
	c := consume(t, func(context.Context, platform.Event) (bool, error) {
		if tries++; tries == 1 {
			panic("first time")
		}
		return true, nil
	})
	c.publish(t, "e1")
	c.becomes(t, "retried", 1)
	c.becomes(t, "processed", 1)
}

func TestWhatWasAppliedBeforeIsADuplicate(t *testing.T) {
	c := consume(t, func(context.Context, platform.Event) (bool, error) { return false, nil })
	c.publish(t, "e1")
	c.becomes(t, "duplicate", 1)
}

func TestAStopFinishesTheEventInHandAndGivesTheOthersBack(t *testing.T) {
	inside, open := make(chan struct{}), make(chan struct{})
	c := consume(t, func(ctx context.Context, _ platform.Event) (bool, error) {
		inside <- struct{}{}
		<-open
		return true, ctx.Err() // the stop must not have cut it short
	})
	for i := range 3 {
		c.publish(t, fmt.Sprint("e", i))
	}
	<-inside
	consumer, err := c.stream.Consumer(t.Context(), "THING", "demo-thing")
	if err != nil {
		t.Fatal(err)
	}
	testkit.Eventually(t, "all are fetched", func() error {
		about, infoErr := consumer.Info(t.Context())
		if infoErr == nil && about.NumAckPending != 3 {
			return fmt.Errorf("%d are fetched", about.NumAckPending)
		}
		return infoErr
	})
	impatient, cancel := context.WithCancel(t.Context())
	cancel()
	if err = c.inbox.Stop(impatient); !errors.Is(err, context.Canceled) {
		t.Errorf("it stopped with an event in hand: %v", err)
	}
	open <- struct{}{}
	c.stop()
	c.becomes(t, "processed", 1)
	given := 0
	testkit.Eventually(t, "the others are given back", func() error {
		left, fetchErr := consumer.FetchNoWait(5)
		if fetchErr != nil {
			return fetchErr
		}
		for range left.Messages() {
			given++
		}
		if given != 2 {
			return fmt.Errorf("%d events are, want 2", given)
		}
		return left.Error()
	})
}
