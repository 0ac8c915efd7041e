package bootstrap_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"

	cartv1 "github.com/banyan-shop/banyan/protos/gen/go/banyan/cart/v1"
	orderv1 "github.com/banyan-shop/banyan/protos/gen/go/banyan/order/v1"
	"github.com/banyan-shop/banyan/services/cart/internal/testkit"
	"github.com/banyan-shop/banyan/services/cart/internal/testkit/running"
)

// orderStream makes the producer's stream, as its relay does.
func orderStream(t *testing.T, stream jetstream.JetStream) {
	t.Helper()
	_, err := stream.CreateStream(t.Context(), jetstream.StreamConfig{Name: "ORDER", Subjects: []string{"order.>"}})
	if err != nil {
		t.Fatal(err)
	}
}

// confirm announces that u1 has bought this many pears. The broker's own filter of repeats is left out, to test ours.
func confirm(t *testing.T, stream jetstream.JetStream, eventID string, pears int32) {
	t.Helper()
	data, err := proto.Marshal(&orderv1.OrderConfirmed{Order: &orderv1.Order{
		OrderId: "o1", UserId: "u1", Lines: []*orderv1.OrderLine{{ProductId: pear, Quantity: pears}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	publish(t, stream, "order.confirmed", eventID, data)
}

func publish(t *testing.T, stream jetstream.JetStream, subject, eventID string, data []byte) {
	t.Helper()
	message := &nats.Msg{Subject: subject, Header: nats.Header{}, Data: data}
	if eventID != "" {
		message.Header.Set("ce-id", eventID)
	}
	message.Header.Set("ce-subject", "o1")
	if _, err := stream.PublishMsg(t.Context(), message); err != nil {
		t.Fatal(err)
	}
}

func put(t *testing.T, service *running.Service, pears int32) {
	t.Helper()
	request := &cartv1.PutItemRequest{ProductId: pear, Quantity: pears}
	if _, err := service.Carts.PutItem(running.As(t, "banyan-user", "u1"), request); err != nil {
		t.Fatal(err)
	}
}

func pearsLeft(t *testing.T, service *running.Service) int32 {
	t.Helper()
	answer, err := service.Carts.GetCart(running.As(t, "banyan-user", "u1"), &cartv1.GetCartRequest{})
	if err != nil {
		t.Fatal(err)
	}
	for _, item := range answer.GetCart().GetItems() {
		return item.GetQuantity()
	}
	return 0
}

// counted waits for a sample of inbox_events_total.
func counted(t *testing.T, service *running.Service, outcome string, count int) {
	t.Helper()
	want := fmt.Sprintf("inbox_events_total{consumer=%q,outcome=%q,subject=\"order.confirmed\"} %d\n", "cart-order", outcome, count)
	testkit.Eventually(t, want, func() error {
		if _, page := service.Admin(t, "/metrics"); !strings.Contains(page, want) {
			return errors.New("not counted: " + service.Logs())
		}
		return nil
	})
}

func TestWhatWasBoughtLeavesTheCartOnce(t *testing.T) {
	broker, redis := testkit.StartNATS(t), testkit.StartRedis(t)
	service := running.Start(t, running.Options{Environment: map[string]string{
		"CART_REDIS_URL": redis.URL, "NATS_URL": broker.URL, "CART_LOG_LEVEL": "info",
	}})
	becomes(t, service, "SERVING 200")
	put(t, service, 10)
	stream := broker.JetStream(t)
	orderStream(t, stream) // later than its consumer
	publish(t, stream, "order.placed", "e0", nil)
	confirm(t, stream, "e1", 3)
	confirm(t, stream, "e1", 3)
	confirm(t, stream, "e2", 2)
	counted(t, service, "processed", 2)
	counted(t, service, "duplicate", 1)
	if left := pearsLeft(t, service); left != 5 {
		t.Errorf("%d pears are left, want 5", left)
	}
}

func TestMalformedEventsBecomeDeadLettersAtOnce(t *testing.T) {
	broker := testkit.StartNATS(t)
	stream := broker.JetStream(t)
	orderStream(t, stream)
	nobody, err := proto.Marshal(&orderv1.OrderConfirmed{Order: &orderv1.Order{OrderId: "o1"}})
	if err != nil {
		t.Fatal(err)
	}
	publish(t, stream, "order.confirmed", "e1", []byte("\xff\xff no protobuf"))
	publish(t, stream, "order.confirmed", "e2", nobody)
	publish(t, stream, "order.confirmed", "", nobody)
	confirm(t, stream, "e4", 1)
	service := running.Start(t, running.Options{Environment: map[string]string{"NATS_URL": broker.URL}})
	counted(t, service, "dead_lettered", 3)
	counted(t, service, "processed", 1)
	letters, err := stream.Stream(t.Context(), "DLQ")
	if err != nil {
		t.Fatal(err)
	}
	letter, err := letters.GetLastMsgForSubject(t.Context(), "dlq.cart-order.order.confirmed")
	if err != nil {
		t.Fatal(err)
	}
	if reason := letter.Header.Get("banyan-dlq-reason"); reason != "malformed event: it has no ce-id" {
		t.Errorf("reason is %q", reason)
	}
	if info, err := letters.Info(t.Context()); err != nil || info.State.Msgs != 3 {
		t.Errorf("dead letters: %v, %v", info, err)
	}
}

func TestAnOutageOfTheStoreHoldsEventsAndBuriesNone(t *testing.T) {
	broker, redis := testkit.StartNATS(t), testkit.StartRedis(t)
	stream := broker.JetStream(t)
	orderStream(t, stream)
	service := running.Start(t, running.Options{Environment: map[string]string{
		"CART_REDIS_URL": redis.URL, "NATS_URL": broker.URL, "CART_LOG_LEVEL": "info",
	}})
	becomes(t, service, "SERVING 200")
	put(t, service, 10)
	redis.Stop(t)
	for event := range 5 {
		confirm(t, stream, fmt.Sprint("e", event), 1)
	}
	testkit.Eventually(t, "an event is held", func() error {
		if !strings.Contains(service.Logs(), "event is held") {
			return errors.New(service.Logs())
		}
		return nil
	})
	redis.Start(t)
	counted(t, service, "processed", 5)
	if left := pearsLeft(t, service); left != 5 {
		t.Errorf("%d pears are left, want 5", left)
	}
	if _, err := stream.Stream(t.Context(), "DLQ"); !errors.Is(err, jetstream.ErrStreamNotFound) {
		t.Errorf("there are dead letters: %v", err)
	}
}

func TestTheConsumerOutlivesTheBroker(t *testing.T) {
	broker := testkit.StartNATS(t)
	stream := broker.JetStream(t)
	orderStream(t, stream)
	service := running.Start(t, running.Options{Environment: map[string]string{"NATS_URL": broker.URL}})
	confirm(t, stream, "e1", 1)
	counted(t, service, "processed", 1)
	broker.Stop(t)
	broker.Start(t)
	testkit.Eventually(t, "the test is connected again", func() error {
		_, err := stream.Stream(t.Context(), "ORDER")
		return err
	})
	confirm(t, stream, "e2", 1)
	counted(t, service, "processed", 2)
}

func TestItStopsInTimeWithoutItsBroker(t *testing.T) {
	broker := testkit.StartNATS(t)
	stream := broker.JetStream(t)
	orderStream(t, stream)
	service := running.Start(t, running.Options{Environment: map[string]string{"NATS_URL": broker.URL}})
	confirm(t, stream, "e1", 1)
	counted(t, service, "processed", 1)
	broker.Stop(t)
	testkit.Eventually(t, "the loss is noticed", func() error {
		if !strings.Contains(service.Logs(), "broker lost") {
			return errors.New(service.Logs())
		}
		return nil
	})
	begun := time.Now()
	service.Stop()
	if took := time.Since(begun); took > 3*time.Second {
		t.Errorf("stopping took %v", took)
	}
	if strings.Contains(service.Logs(), `"level":"error"`) {
		t.Errorf("errors are logged:\n%s", service.Logs())
	}
}
