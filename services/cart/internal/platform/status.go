package platform

import (
	"context"
	"errors"
	"strings"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/types/known/durationpb"
)

// statusOf is what to answer for an error; expected is false for one that is a fault of ours.
func statusOf(err error, domain string) (answer *status.Status, expected bool) {
	var coded Coded
	switch {
	case errors.As(err, &coded):
		if code, ok := codeOf(coded.Kind()); ok && code != codes.Internal {
			return detailed(code, coded, domain), true
		}
	case errors.Is(err, context.DeadlineExceeded):
		late := &Error{kind: "deadline_exceeded", reason: "DEADLINE_EXCEEDED", message: "the time of the call was over"}
		return detailed(codes.DeadlineExceeded, late, domain), true
	case errors.Is(err, context.Canceled):
		gone := &Error{kind: "cancelled", reason: "CANCELLED", message: "the caller has gone"}
		return detailed(codes.Canceled, gone, domain), true
	case status.Code(err) == codes.Unimplemented: // what generated code answers for an RPC without a handler
		absent := &Error{kind: "unimplemented", reason: "UNIMPLEMENTED", message: "this call is not implemented"}
		return detailed(codes.Unimplemented, absent, domain), true
	}
	fault := &Error{kind: "internal", reason: "INTERNAL", message: "internal error"}
	return detailed(codes.Internal, fault, domain), false
}

func detailed(code codes.Code, coded Coded, domain string) *status.Status {
	details := []protoadapt.MessageV1{
		&errdetails.ErrorInfo{Reason: coded.Reason(), Domain: domain, Metadata: coded.Metadata()},
	}
	if late, ok := coded.(interface{ RetryAfter() time.Duration }); ok && late.RetryAfter() > 0 {
		details = append(details, &errdetails.RetryInfo{RetryDelay: durationpb.New(late.RetryAfter())})
	}
	if broken, ok := coded.(interface{ Violations() []Violation }); ok && len(broken.Violations()) > 0 {
		details = append(details, badRequest(broken.Violations()))
	}
	plain := status.New(code, coded.Message())
	full, err := plain.WithDetails(details...)
	if err != nil { // details of ours always serialize; without them the status still tells the truth
		return plain
	}
	return full
}

func badRequest(violations []Violation) *errdetails.BadRequest {
	message := &errdetails.BadRequest{}
	for _, broken := range violations {
		message.FieldViolations = append(message.FieldViolations,
			&errdetails.BadRequest_FieldViolation{Field: broken.Field, Description: broken.Description})
	}
	return message
}

// statusName is the canonical name, e.g. NOT_FOUND, as metrics and logs have it.
func statusName(code codes.Code) string {
	var name strings.Builder
	text := code.String() // e.g. NotFound
	if text == "OK" {
		return text
	}
	if code == codes.Canceled {
		return "CANCELLED"
	}
	for i, r := range text {
		if i > 0 && r >= 'A' && r <= 'Z' {
			name.WriteByte('_')
		}
		name.WriteRune(r)
	}
	return strings.ToUpper(name.String())
}
