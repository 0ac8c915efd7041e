package domain_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/banyan-shop/banyan/services/cart/internal/domain"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// cartOf makes a cart of "product:quantity" texts.
func cartOf(t *testing.T, lines ...string) *domain.Cart {
	t.Helper()
	cart := &domain.Cart{}
	for _, line := range lines {
		var quantity int
		product, number, _ := strings.Cut(line, ":")
		if _, err := fmt.Sscan(number, &quantity); err != nil {
			t.Fatal(err)
		}
		if err := cart.Put(product, quantity, noon); err != nil {
			t.Fatal(err)
		}
	}
	return cart
}

func text(cart *domain.Cart) string {
	lines := make([]string, 0, len(cart.Items))
	for _, item := range cart.Items {
		lines = append(lines, fmt.Sprintf("%s:%d", item.ProductID, item.Quantity))
	}
	return strings.Join(lines, " ")
}

func full(t *testing.T) *domain.Cart {
	t.Helper()
	cart := &domain.Cart{}
	for i := range domain.MaxLines {
		if err := cart.Put(fmt.Sprintf("p%02d", i), 1, noon); err != nil {
			t.Fatal(err)
		}
	}
	return cart
}

func TestEachChangeCountsAndIsTimed(t *testing.T) {
	later := noon.Add(time.Hour)
	for name, test := range map[string]struct {
		change   func(*domain.Cart) error
		want     string
		revision int64
	}{
		"put a new one":       {func(c *domain.Cart) error { return c.Put("fig", 4, later) }, "pear:1 plum:2 fig:4", 3},
		"put another number":  {func(c *domain.Cart) error { return c.Put("pear", 4, later) }, "pear:4 plum:2", 3},
		"put the same again":  {func(c *domain.Cart) error { return c.Put("plum", 2, later) }, "pear:1 plum:2", 2},
		"remove":              {func(c *domain.Cart) error { c.Remove("pear", later); return nil }, "plum:2", 3},
		"remove what is gone": {func(c *domain.Cart) error { c.Remove("fig", later); return nil }, "pear:1 plum:2", 2},
		"clear":               {func(c *domain.Cart) error { c.Clear(later); return nil }, "", 3},
	} {
		t.Run(name, func(t *testing.T) {
			cart := cartOf(t, "pear:1", "plum:2")
			if err := test.change(cart); err != nil {
				t.Fatal(err)
			}
			if text(cart) != test.want || cart.Revision != test.revision {
				t.Errorf("cart is %q at revision %d, want %q at %d", text(cart), cart.Revision, test.want, test.revision)
			}
			if changed := cart.UpdatedAt.Equal(later); changed != (test.revision == 3) {
				t.Errorf("time of the last change is %v", cart.UpdatedAt)
			}
		})
	}
}

func TestLimits(t *testing.T) {
	cart := full(t)
	if err := cart.Put("one more", 1, noon); !errors.Is(err, domain.CartFull()) {
		t.Errorf("the 51st line: %v", err)
	}
	if err := cart.Put("p07", 99, noon); err != nil {
		t.Errorf("a line that is there: %v", err)
	}
	for _, quantity := range []int{-1, 0, 100} {
		if err := cart.Put("p07", quantity, noon); !errors.Is(err, domain.QuantityOutOfRange(quantity)) {
			t.Errorf("quantity %d: %v", quantity, err)
		}
	}
	if cart.Revision != domain.MaxLines+1 || len(cart.Items) != domain.MaxLines {
		t.Errorf("refusals left a trace: revision %d, %d lines", cart.Revision, len(cart.Items))
	}
}

func TestSettleTakesOutNoMoreThanWasBought(t *testing.T) {
	for name, test := range map[string]struct{ bought, want string }{
		"all of it":           {"pear:3", "plum:5"},
		"less than is there":  {"plum:2", "pear:3 plum:3"},
		"more than is there":  {"pear:9", "plum:5"},
		"not there":           {"fig:1", "pear:3 plum:5"},
		"one on two lines":    {"plum:2 plum:1", "pear:3 plum:2"},
		"nothing was bought":  {"", "pear:3 plum:5"},
		"everything":          {"pear:3 plum:5", ""},
		"a quantity of zero":  {"pear:0", "pear:3 plum:5"},
		"a negative quantity": {"pear:-4", "pear:3 plum:5"},
	} {
		t.Run(name, func(t *testing.T) {
			cart := cartOf(t, "pear:3", "plum:5")
			var bought []domain.Item
			for line := range strings.FieldsSeq(test.bought) {
				product, number, _ := strings.Cut(line, ":")
				item := domain.Item{ProductID: product}
				if _, err := fmt.Sscan(number, &item.Quantity); err != nil {
					t.Fatal(err)
				}
				bought = append(bought, item)
			}
			cart.Settle(bought, noon)
			if text(cart) != test.want {
				t.Errorf("left is %q, want %q", text(cart), test.want)
			}
			if changed := cart.Revision > 2; changed != (test.want != "pear:3 plum:5") {
				t.Errorf("revision is %d", cart.Revision)
			}
		})
	}
}

func TestTakeOverKeepsTheLargerQuantityAndDropsNothingSilently(t *testing.T) {
	mine, guest := cartOf(t, "pear:3", "plum:5"), cartOf(t, "fig:1", "plum:2", "pear:4")
	if dropped := mine.TakeOver(guest, noon); len(dropped) > 0 {
		t.Errorf("dropped %v", dropped)
	}
	if text(mine) != "pear:4 plum:5 fig:1" || text(guest) != "" || mine.Revision != 3 {
		t.Errorf("mine is %q at %d, the guest's %q", text(mine), mine.Revision, text(guest))
	}
	crowded, late := full(t), cartOf(t, "p03:9", "late:2", "p04:1")
	dropped := crowded.TakeOver(late, noon)
	if fmt.Sprint(dropped) != "[late]" || text(late) != "late:2" || crowded.Items[3].Quantity != 9 {
		t.Errorf("dropped %v, left %q, p03 is %d", dropped, text(late), crowded.Items[3].Quantity)
	}
	revision := crowded.Revision
	if again := crowded.TakeOver(late, noon); fmt.Sprint(again) != "[late]" || crowded.Revision != revision {
		t.Errorf("a repeat drops %v and changes the revision from %d to %d", again, revision, crowded.Revision)
	}
}

func TestOwners(t *testing.T) {
	const guest = "0123456789abcDEF-_"
	for name, test := range map[string]struct {
		user, guest string
		want        string
		ttl         time.Duration
		wrong       error
	}{
		"user":            {"u1", "", "user u1", 90 * 24 * time.Hour, nil},
		"user and guest":  {"u1", guest, "user u1", 90 * 24 * time.Hour, nil},
		"guest":           {"", guest, "guest", 7 * 24 * time.Hour, nil},
		"nobody":          {"", "", "", 0, domain.OwnerRequired()},
		"too short":       {"", guest[:15], "", 0, domain.OwnerRequired()},
		"just long":       {"", strings.Repeat("a", 64), "guest", 7 * 24 * time.Hour, nil},
		"too long":        {"", strings.Repeat("a", 65), "", 0, domain.OwnerRequired()},
		"wrong character": {"", guest + "/", "", 0, domain.OwnerRequired()},
		"not ASCII":       {"", guest + "é", "", 0, domain.OwnerRequired()},
	} {
		t.Run(name, func(t *testing.T) {
			owner, err := domain.OwnerOf(test.user, test.guest)
			if !errors.Is(err, test.wrong) {
				t.Fatalf("error is %v", err)
			}
			if err == nil && (owner.String() != test.want || owner.TTL() != test.ttl) {
				t.Errorf("owner is %s for %v", owner, owner.TTL())
			}
		})
	}
}

func TestErrorsTellProgramsAndDevelopersApart(t *testing.T) {
	cause := errors.New("connection refused")
	away := domain.StoreUnavailable(cause)
	if away.Kind() != "unavailable" || away.Reason() != "STORE_UNAVAILABLE" || !errors.Is(away, cause) {
		t.Errorf("it is %s %s", away.Kind(), away.Reason())
	}
	if strings.Contains(away.Message(), "refused") || !strings.Contains(away.Error(), "refused") {
		t.Errorf("message %q, error %q", away.Message(), away.Error())
	}
	if got := domain.CartFull().Metadata()["max_lines"]; got != "50" {
		t.Errorf("max_lines is %q", got)
	}
}
