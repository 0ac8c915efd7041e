package platform_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/banyan-shop/banyan/services/cart/internal/platform"
)

// remembering applies each event once, as a store does that keeps its id.
func remembering() platform.Handler {
	var seen sync.Map
	return func(_ context.Context, event platform.Event) (bool, error) {
		_, known := seen.LoadOrStore(event.ID, true)
		return !known, nil
	}
}

func TestAConsumerThatIsMovedBackGetsItsEventsAgain(t *testing.T) {
	c := consume(t, remembering())
	for i := range 3 {
		c.publish(t, fmt.Sprint("e", i))
	}
	c.becomes(t, "processed", 3)
	if _, err := c.stream.ResetConsumerToSequence(t.Context(), "THING", "demo-thing", 2); err != nil {
		t.Fatal(err)
	}
	c.becomes(t, "duplicate", 2)
	c.publish(t, "e3")
	c.becomes(t, "processed", 4)
}

func TestAConsumerThatIsDeletedIsMadeAgainAndNothingIsLost(t *testing.T) {
	c := consume(t, remembering())
	c.publish(t, "e0")
	c.becomes(t, "processed", 1)
	for deletions := 1; deletions <= 2; deletions++ {
		if err := c.stream.DeleteConsumer(t.Context(), "THING", "demo-thing"); err != nil {
			t.Fatal(err)
		}
		c.publish(t, fmt.Sprint("e", deletions))
		c.becomes(t, "processed", float64(1+deletions))
	}
	c.becomes(t, "duplicate", 3)
}
