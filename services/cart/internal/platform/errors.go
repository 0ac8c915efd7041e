package platform

import (
	"time"

	"google.golang.org/grpc/codes"
)

// Coded is an error that says what it means on the wire. A service's own errors implement it; the kit reads them by these
// methods' names alone. Without a known kind an error is INTERNAL and its text stays in the log.
type Coded interface {
	error
	// Kind names a canonical status in lower case, e.g. "not_found".
	Kind() string
	// Reason is UPPER_SNAKE, for programs.
	Reason() string
	// Message is for developers; it goes to the caller.
	Message() string
	// Metadata holds facts for programs; it goes to the caller.
	Metadata() map[string]string
}

// Violation is one field that breaks a rule of its request.
type Violation struct {
	Field       string
	Description string
}

// Error is an error that the platform itself answers with.
type Error struct {
	kind, reason, message string
	violations            []Violation
	retryAfter            time.Duration
}

func (e *Error) Error() string { return e.message }

// Kind implements Coded.
func (e *Error) Kind() string { return e.kind }

// Reason implements Coded.
func (e *Error) Reason() string { return e.reason }

// Message implements Coded.
func (e *Error) Message() string { return e.message }

// Metadata implements Coded.
func (e *Error) Metadata() map[string]string { return nil }

// Violations are the fields that break a rule.
func (e *Error) Violations() []Violation { return e.violations }

// RetryAfter is when to try again; 0 says nothing about it.
func (e *Error) RetryAfter() time.Duration { return e.retryAfter }

// Overloaded refuses a call for want of room; it may be tried again after a short while.
func Overloaded(message string) *Error {
	return &Error{kind: "resource_exhausted", reason: "OVERLOADED", message: message, retryAfter: shedRetryAfter}
}

// codeOf maps a kind; ok is false for one that does not exist.
func codeOf(kind string) (code codes.Code, ok bool) {
	code, ok = map[string]codes.Code{
		"cancelled":           codes.Canceled,
		"unknown":             codes.Unknown,
		"invalid_argument":    codes.InvalidArgument,
		"deadline_exceeded":   codes.DeadlineExceeded,
		"not_found":           codes.NotFound,
		"already_exists":      codes.AlreadyExists,
		"permission_denied":   codes.PermissionDenied,
		"resource_exhausted":  codes.ResourceExhausted,
		"failed_precondition": codes.FailedPrecondition,
		"aborted":             codes.Aborted,
		"out_of_range":        codes.OutOfRange,
		"unimplemented":       codes.Unimplemented,
		"internal":            codes.Internal,
		"unavailable":         codes.Unavailable,
		"data_loss":           codes.DataLoss,
		"unauthenticated":     codes.Unauthenticated,
	}[kind]
	return code, ok
}
