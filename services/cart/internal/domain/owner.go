package domain

import "time"

// How long a cart is kept after its last change.
const (
	UserTTL  = 90 * 24 * time.Hour
	GuestTTL = 7 * 24 * time.Hour
)

const (
	minGuestID = 16
	maxGuestID = 64
)

// Owner is whose cart it is: a user's or a guest's.
type Owner struct {
	id    string
	guest bool
}

// UserOwner is the owner of a user's cart.
func UserOwner(userID string) Owner { return Owner{id: userID} }

// GuestOwner is the owner of a guest's cart; ok is false unless guestID is well formed.
func GuestOwner(guestID string) (owner Owner, ok bool) {
	if len(guestID) < minGuestID || len(guestID) > maxGuestID {
		return Owner{}, false
	}
	for _, r := range guestID {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		if !letter && (r < '0' || r > '9') && r != '-' && r != '_' {
			return Owner{}, false
		}
	}
	return Owner{id: guestID, guest: true}, true
}

// OwnerOf is the owner for a caller: the user when there is one, else the guest. OwnerRequired without either.
func OwnerOf(userID, guestID string) (Owner, error) {
	if userID != "" {
		return UserOwner(userID), nil
	}
	if owner, ok := GuestOwner(guestID); ok {
		return owner, nil
	}
	return Owner{}, OwnerRequired()
}

// ID is the user's id, or the guest's, which is as secret as a password.
func (o Owner) ID() string { return o.id }

// Guest tells a guest from a user.
func (o Owner) Guest() bool { return o.guest }

// TTL is how long this owner's cart is kept after its last change.
func (o Owner) TTL() time.Duration {
	if o.guest {
		return GuestTTL
	}
	return UserTTL
}

// String names the owner for logs, without a guest's secret.
func (o Owner) String() string {
	if o.guest {
		return "guest"
	}
	return "user " + o.id
}
