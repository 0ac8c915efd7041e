package redis

import (
	"fmt"

	"github.com/banyan-shop/banyan/services/cart/internal/app"
	"github.com/banyan-shop/banyan/services/cart/internal/domain"
)

// What a script's answer begins with; see answers.lua.
const (
	done   = "DONE"
	again  = "AGAIN"
	reused = "REUSED"
	full   = "FULL"
)

// answerOf reads what a script answers: a refusal, or a cart's hash and the products that found no room.
func answerOf(reply []any) (app.Answer, error) {
	what := ""
	if len(reply) > 0 {
		what, _ = reply[0].(string)
	}
	switch {
	case what == full:
		return app.Answer{}, domain.CartFull()
	case what == reused:
		return app.Answer{}, domain.KeyReused()
	case (what != done && what != again) || len(reply) != 3:
		return app.Answer{}, fmt.Errorf("%w: a script answered %q in %d parts", errCorrupt, what, len(reply))
	}
	hash, err := texts(reply[1])
	if err != nil {
		return app.Answer{}, err
	}
	dropped, err := texts(reply[2])
	if err != nil {
		return app.Answer{}, err
	}
	cart, err := decode(pairs(hash))
	if err != nil {
		return app.Answer{}, err
	}
	return app.Answer{Cart: cart, Dropped: dropped, Replayed: what == again}, nil
}
