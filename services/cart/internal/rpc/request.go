package rpc

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"github.com/banyan-shop/banyan/services/cart/internal/app"
)

// keyed is a request that may carry the caller's id for it.
type keyed interface {
	proto.Message
	GetRequestId() string
}

// requestOf gives what makes two requests of one owner the same one; the zero Request without a request_id.
func requestOf(ctx context.Context, message keyed, caller app.Caller) (app.Request, error) {
	id := message.GetRequestId()
	if id == "" {
		return app.Request{}, nil
	}
	method, ok := grpc.Method(ctx)
	if !ok {
		return app.Request{}, fmt.Errorf("%T came outside of a call", message)
	}
	text, err := proto.MarshalOptions{Deterministic: true}.Marshal(message)
	if err != nil {
		return app.Request{}, fmt.Errorf("digest of the request: %w", err)
	}
	// The guest is a part of what is asked for: a merge takes over that cart and no other.
	digest := sha256.Sum256(append([]byte(caller.GuestID+"\x00"), text...))
	return app.Request{Key: method + "\x00" + id, Digest: hex.EncodeToString(digest[:])}, nil
}
