package running

import (
	"context"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// callLimit is the deadline of each call of a test.
const callLimit = 5 * time.Second

// As is the context of a call with a deadline and this metadata, keys and values in turn.
func As(t *testing.T, pairs ...string) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), callLimit)
	t.Cleanup(cancel)
	return metadata.AppendToOutgoingContext(ctx, pairs...)
}

// Failure is what a failed call says.
type Failure struct {
	Code       codes.Code
	Message    string
	Reason     string
	Domain     string
	Metadata   map[string]string
	Fields     []string
	RetryAfter time.Duration
}

// FailureOf takes a call's error apart; the zero Failure is OK.
func FailureOf(err error) Failure {
	answer := status.Convert(err)
	failure := Failure{Code: answer.Code(), Message: answer.Message()}
	for _, detail := range answer.Details() {
		switch known := detail.(type) {
		case *errdetails.ErrorInfo:
			failure.Reason, failure.Domain, failure.Metadata = known.GetReason(), known.GetDomain(), known.GetMetadata()
		case *errdetails.BadRequest:
			for _, violation := range known.GetFieldViolations() {
				failure.Fields = append(failure.Fields, violation.GetField())
			}
		case *errdetails.RetryInfo:
			failure.RetryAfter = known.GetRetryDelay().AsDuration()
		}
	}
	return failure
}
