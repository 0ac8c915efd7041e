package domain

import (
	"fmt"
	"strconv"
)

// Error is a refusal: why (Reason, for programs), of which kind, and with which facts.
//
//	kind                 reason
//	unauthenticated      CART_OWNER_REQUIRED     neither a user nor a guest
//	failed_precondition  GUEST_REQUIRED          a merge without a guest
//	failed_precondition  CART_FULL               MaxLines lines are in it
//	failed_precondition  IDEMPOTENCY_KEY_REUSED  the key came with another request
//	invalid_argument     QUANTITY_OUT_OF_RANGE
//	unavailable          STORE_UNAVAILABLE       the store does not answer
//
// The platform turns it into a status by these methods' names alone.
type Error struct {
	kind, reason, message string
	metadata              map[string]string
	cause                 error
}

func (e *Error) Error() string {
	if e.cause != nil {
		return e.message + ": " + e.cause.Error()
	}
	return e.message
}

// Kind names the canonical status, in lower case.
func (e *Error) Kind() string { return e.kind }

// Reason is UPPER_SNAKE, for programs.
func (e *Error) Reason() string { return e.reason }

// Message is for developers and holds nothing secret; causes are left out.
func (e *Error) Message() string { return e.message }

// Metadata holds the facts of the refusal.
func (e *Error) Metadata() map[string]string { return e.metadata }

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.cause }

// Is compares by reason, so that errors.Is works between two of the same sort.
func (e *Error) Is(target error) bool {
	other, ok := target.(*Error)
	return ok && other.reason == e.reason
}

// OwnerRequired says that the caller is neither a user nor a guest.
func OwnerRequired() *Error {
	return &Error{
		kind: "unauthenticated", reason: "CART_OWNER_REQUIRED",
		message: fmt.Sprintf("a cart belongs to a signed-in user or to a guest, whose id has %d to %d characters of A-Z, a-z, 0-9, - and _",
			minGuestID, maxGuestID),
	}
}

// GuestRequired says that there is no guest's cart to merge.
func GuestRequired() *Error {
	return &Error{kind: "failed_precondition", reason: "GUEST_REQUIRED", message: "merging needs the id of the guest's cart"}
}

// CartFull says that no further product fits in.
func CartFull() *Error {
	return &Error{
		kind: "failed_precondition", reason: "CART_FULL",
		message:  fmt.Sprintf("a cart holds at most %d different products", MaxLines),
		metadata: map[string]string{"max_lines": strconv.Itoa(MaxLines)},
	}
}

// KeyReused says that the key of a request came before with another one.
func KeyReused() *Error {
	return &Error{
		kind: "failed_precondition", reason: "IDEMPOTENCY_KEY_REUSED", message: "the key came before with another request",
	}
}

// QuantityOutOfRange says that a quantity is not MinQuantity to MaxQuantity.
func QuantityOutOfRange(quantity int) *Error {
	return &Error{
		kind: "invalid_argument", reason: "QUANTITY_OUT_OF_RANGE",
		message:  fmt.Sprintf("a quantity is %d to %d", MinQuantity, MaxQuantity),
		metadata: map[string]string{"quantity": strconv.Itoa(quantity)},
	}
}

// StoreUnavailable says that carts cannot be reached now; trying again later may help.
func StoreUnavailable(cause error) *Error {
	return &Error{kind: "unavailable", reason: "STORE_UNAVAILABLE", message: "the cart store does not answer", cause: cause}
}

// CheckQuantity returns QuantityOutOfRange unless quantity is allowed in a line.
func CheckQuantity(quantity int) error {
	if quantity < MinQuantity || quantity > MaxQuantity {
		return QuantityOutOfRange(quantity)
	}
	return nil
}
