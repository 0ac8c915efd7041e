package platform

import (
	"context"
	"strings"

	"google.golang.org/grpc/metadata"
)

// Identity is for whom a call is made, as the edge verified it.
type Identity struct {
	UserID  string
	GuestID string
	Roles   []string
}

type identityKey struct{}

// IdentityFrom is the identity of the call being answered; the zero Identity outside of one.
func IdentityFrom(ctx context.Context) Identity {
	identity, _ := ctx.Value(identityKey{}).(Identity)
	return identity
}

// WithIdentity returns a context of a call made for identity.
func WithIdentity(ctx context.Context, identity Identity) context.Context {
	return context.WithValue(ctx, identityKey{}, identity)
}

func (i Identity) isStaff() bool {
	for _, role := range i.Roles {
		if role == staffRole {
			return true
		}
	}
	return false
}

func identityOf(md metadata.MD) Identity {
	identity := Identity{UserID: first(md, UserKey), GuestID: first(md, GuestKey)}
	for role := range strings.SplitSeq(first(md, RolesKey), ",") {
		if role = strings.TrimSpace(role); role != "" {
			identity.Roles = append(identity.Roles, role)
		}
	}
	return identity
}

func first(md metadata.MD, key string) string {
	if values := md.Get(key); len(values) > 0 {
		return values[0]
	}
	return ""
}
