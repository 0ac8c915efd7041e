package redis

import (
	"context"
	"errors"
	"strings"

	goredis "github.com/redis/go-redis/v9"

	"github.com/banyan-shop/banyan/services/cart/internal/domain"
	"github.com/banyan-shop/banyan/services/cart/internal/platform"
)

// Replies of a server that is there but cannot serve now: it starts, has lost its primary, or has no room.
var awayReplies = []string{"LOADING", "READONLY", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN", "BUSY", "OOM", "MISCONF", "NOREPLICAS"}

// errCorrupt is for what no version of this store has written.
var errCorrupt = errors.New("the store holds what is no cart")

// classify turns the client's errors into ours: domain and context errors stay, so do a script's failure and a corrupt
// cart, which are faults and not outages; a pool without a free connection says nothing of the server; and whatever else went wrong between here and the server is StoreUnavailable.
func classify(err error) error {
	var refusal *domain.Error
	var reply goredis.Error
	switch {
	case err == nil, errors.As(err, &refusal), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.Is(err, errCorrupt), errors.As(err, &reply) && !cannotServe(reply):
		return err
	case errors.Is(err, goredis.ErrPoolTimeout), errors.Is(err, goredis.ErrPoolExhausted):
		return platform.Overloaded("no connection to the cart store is free")
	}
	return domain.StoreUnavailable(err)
}

func cannotServe(reply goredis.Error) bool {
	for _, prefix := range awayReplies {
		if strings.HasPrefix(reply.Error(), prefix) {
			return true
		}
	}
	return false
}
