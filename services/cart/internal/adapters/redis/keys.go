package redis

import (
	"crypto/sha256"
	"encoding/hex"

	"github.com/banyan-shop/banyan/services/cart/internal/app"
	"github.com/banyan-shop/banyan/services/cart/internal/domain"
)

// Keys, and what lies under them:
//
//	cart:u:<user id>               hash, a user's cart; expires domain.UserTTL after its last change
//	cart:g:<SHA-256 of guest id>   hash, a guest's cart; expires domain.GuestTTL after its last change. The id is a secret
//	                               and would else be seen by whoever may list keys.
//	cart:settled:<event id>        string, an event whose effect is in the cart; expires after app.SettledTTL
//	cart:answer:<SHA-256>          string, the first answer to an owner's request (MessagePack, see answers.lua); expires after
//	                               app.AnswerTTL
//
// Fields of a cart's hash, none of them a price:
//
//	:rev           how often it has changed
//	:at            time of the last change, in microseconds since 1970
//	:seq           position of the newest line
//	<product id>   "<position> <quantity>"; lines are shown by position
//
// A merge touches the keys of two owners, so a Redis Cluster, which keeps them on different nodes, cannot serve carts:
// it needs one primary (with replicas for failover).
const (
	userPrefix    = "cart:u:"
	guestPrefix   = "cart:g:"
	settledPrefix = "cart:settled:"
	answerPrefix  = "cart:answer:"

	fieldRevision  = ":rev"
	fieldUpdatedAt = ":at"
	fieldSequence  = ":seq"
)

func cartKey(owner domain.Owner) string {
	if !owner.Guest() {
		return userPrefix + owner.ID()
	}
	digest := sha256.Sum256([]byte(owner.ID()))
	return guestPrefix + hex.EncodeToString(digest[:])
}

// answerKey hides what a caller chose as a key, which may be anything.
func answerKey(owner domain.Owner, request app.Request) string {
	digest := sha256.Sum256([]byte(cartKey(owner) + "\x00" + request.Key))
	return answerPrefix + hex.EncodeToString(digest[:])
}

func settledKey(eventID string) string { return settledPrefix + eventID }
