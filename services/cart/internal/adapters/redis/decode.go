package redis

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/banyan-shop/banyan/services/cart/internal/domain"
)

type positioned struct {
	domain.Item
	position int64
}

// pairs gives the fields of a hash that came as a flat list, as scripts answer with it.
func pairs(flat []string) iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for i := 0; i+1 < len(flat); i += 2 {
			if !yield(flat[i], flat[i+1]) {
				return
			}
		}
	}
}

// decode reads the fields of a cart's hash; an error means that something else has written to it.
func decode(fields iter.Seq2[string, string]) (domain.Cart, error) {
	cart := domain.Cart{}
	var lines []positioned
	for field, value := range fields {
		if err := decodeField(&cart, &lines, field, value); err != nil {
			return domain.Cart{}, fmt.Errorf("%w: field %s: %w", errCorrupt, field, err)
		}
	}
	slices.SortFunc(lines, func(a, b positioned) int { return cmp.Compare(a.position, b.position) })
	for _, line := range lines {
		cart.Items = append(cart.Items, line.Item)
	}
	return cart, nil
}

func decodeField(cart *domain.Cart, lines *[]positioned, field, value string) error {
	switch field {
	case fieldSequence:
		return nil
	case fieldRevision:
		revision, err := strconv.ParseInt(value, 10, 64)
		cart.Revision = revision
		return err
	case fieldUpdatedAt:
		micros, err := strconv.ParseInt(value, 10, 64)
		cart.UpdatedAt = time.UnixMicro(micros).UTC()
		return err
	}
	first, second, _ := strings.Cut(value, " ")
	position, err := strconv.ParseInt(first, 10, 64)
	if err != nil {
		return err
	}
	quantity, err := strconv.Atoi(second)
	if err != nil {
		return err
	}
	*lines = append(*lines, positioned{domain.Item{ProductID: field, Quantity: quantity}, position})
	return nil
}

func texts(reply any) ([]string, error) {
	list, ok := reply.([]any)
	if !ok {
		return nil, fmt.Errorf("%w: a list was expected, not %T", errCorrupt, reply)
	}
	words := make([]string, 0, len(list))
	for _, element := range list {
		word, ok := element.(string)
		if !ok {
			return nil, fmt.Errorf("%w: text was expected, not %T", errCorrupt, element)
		}
		words = append(words, word)
	}
	return words, nil
}
