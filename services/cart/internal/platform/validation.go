package platform

import (
	"errors"
	"strings"

	"buf.build/go/protovalidate"
	"google.golang.org/protobuf/proto"
)

// check applies the `buf.validate` rules of a request; its error names each field that breaks one.
func check(validator protovalidate.Validator, request any) error {
	message, ok := request.(proto.Message)
	if !ok {
		return errors.New("the request is no protobuf message")
	}
	err := validator.Validate(message)
	var broken *protovalidate.ValidationError
	if !errors.As(err, &broken) {
		return err
	}
	refusal := &Error{kind: "invalid_argument", reason: "INVALID_ARGUMENT"}
	fields := make([]string, 0, len(broken.Violations))
	for _, violation := range broken.Violations {
		path := protovalidate.FieldPathString(violation.Proto.GetField())
		what := violation.Proto.GetMessage()
		if what == "" {
			what = violation.Proto.GetRuleId()
		}
		fields = append(fields, path)
		refusal.violations = append(refusal.violations, Violation{Field: path, Description: what})
	}
	refusal.message = "the request is not valid: " + strings.Join(fields, ", ")
	return refusal
}
