// Package domain holds the rules of a cart. It knows neither protos nor stores, and imports the standard library only.
package domain

import (
	"slices"
	"time"
)

// Limits of a cart.
const (
	MaxLines    = 50
	MinQuantity = 1
	MaxQuantity = 99
)

// Item is one line: a product and how many of it, MinQuantity to MaxQuantity. There is no price in it, since a stored
// price grows old; the catalogue's is read when a cart is shown or ordered.
type Item struct {
	ProductID string
	Quantity  int
}

// Cart is what one owner means to buy. The zero value is a cart that was never filled.
type Cart struct {
	// Items stand in the order in which they were first put in; each product occurs once.
	Items []Item
	// Revision goes up by one with each change, and never down while the cart lives, even when it is emptied.
	Revision int64
	// UpdatedAt is the time of the last change; zero before the first one.
	UpdatedAt time.Time
}

// Put sets the quantity of one product and appends the product when it is new. To put what is there already changes
// nothing, so that a repeated call is harmless. It fails with ErrCartFull at MaxLines.
func (c *Cart) Put(productID string, quantity int, now time.Time) error {
	if err := CheckQuantity(quantity); err != nil {
		return err
	}
	at := c.find(productID)
	switch {
	case at >= 0 && c.Items[at].Quantity == quantity:
		return nil
	case at >= 0:
		c.Items[at].Quantity = quantity
	case len(c.Items) >= MaxLines:
		return CartFull()
	default:
		c.Items = append(c.Items, Item{ProductID: productID, Quantity: quantity})
	}
	c.touch(now)
	return nil
}

// Remove takes one product out; taking out what is not there changes nothing.
func (c *Cart) Remove(productID string, now time.Time) {
	at := c.find(productID)
	if at < 0 {
		return
	}
	c.Items = slices.Delete(c.Items, at, at+1)
	c.touch(now)
}

// Clear takes everything out; clearing an empty cart changes nothing.
func (c *Cart) Clear(now time.Time) {
	if len(c.Items) == 0 {
		return
	}
	c.Items = nil
	c.touch(now)
}

// Settle takes out what was bought, and no more than that: what a person put in since they ordered stays.
func (c *Cart) Settle(bought []Item, now time.Time) {
	changed := false
	for _, line := range bought {
		at := c.find(line.ProductID)
		if at < 0 || line.Quantity < 1 {
			continue
		}
		changed = true
		if c.Items[at].Quantity <= line.Quantity {
			c.Items = slices.Delete(c.Items, at, at+1)
		} else {
			c.Items[at].Quantity -= line.Quantity
		}
	}
	if changed {
		c.touch(now)
	}
}

// TakeOver moves the lines of a guest's cart into c; of a product in both, the larger quantity wins. What finds no room
// stays in the guest's cart, so that nothing is lost and a repeat gives the same answer; its products are returned.
func (c *Cart) TakeOver(guest *Cart, now time.Time) (dropped []string) {
	var left []Item
	changed := false
	for _, line := range guest.Items {
		at := c.find(line.ProductID)
		switch {
		case at >= 0 && c.Items[at].Quantity >= line.Quantity:
		case at >= 0:
			c.Items[at].Quantity = line.Quantity
			changed = true
		case len(c.Items) < MaxLines:
			c.Items = append(c.Items, line)
			changed = true
		default:
			left = append(left, line)
			dropped = append(dropped, line.ProductID)
		}
	}
	if len(left) != len(guest.Items) {
		guest.Items = left
		guest.touch(now)
	}
	if changed {
		c.touch(now)
	}
	return dropped
}

// Expired tells whether the cart's time is over at now, when a cart is kept for ttl after its last change.
func (c *Cart) Expired(now time.Time, ttl time.Duration) bool {
	return !c.UpdatedAt.IsZero() && now.Sub(c.UpdatedAt) >= ttl
}

// Clone returns a copy that shares nothing with c.
func (c *Cart) Clone() Cart {
	return Cart{Items: slices.Clone(c.Items), Revision: c.Revision, UpdatedAt: c.UpdatedAt}
}

func (c *Cart) find(productID string) int {
	return slices.IndexFunc(c.Items, func(item Item) bool { return item.ProductID == productID })
}

func (c *Cart) touch(now time.Time) {
	c.Revision++
	c.UpdatedAt = now
}
