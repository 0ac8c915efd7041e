package banyan.payment.platform;

import build.buf.protovalidate.ValidationResult;
import build.buf.protovalidate.Validator;
import build.buf.protovalidate.ValidatorFactory;
import build.buf.protovalidate.exceptions.CompilationException;
import build.buf.protovalidate.exceptions.ValidationException;
import build.buf.validate.FieldPath;
import build.buf.validate.FieldPathElement;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Message;
import io.grpc.Status;
import java.util.List;

/** The `buf.validate` rules of a request. */
final class RequestValidation {
    private final Validator validator;

    /** Compiles the rules of these messages now: the first call of each should not pay for it. */
    RequestValidation(List<Descriptor> requests) {
        try {
            validator = ValidatorFactory.newBuilder().buildWithDescriptors(requests, true);
        } catch (CompilationException e) {
            throw new IllegalStateException("a rule of the contract does not compile", e);
        }
    }

    /**
     * Refuses with INVALID_ARGUMENT and a violation for each broken rule, e.g. `items[0].quantity`.
     */
    void check(Message request) {
        ValidationResult result;
        try {
            result = validator.validate(request);
        } catch (ValidationException e) {
            throw new IllegalStateException(
                    "a rule of " + request.getDescriptorForType().getFullName() + " is broken", e);
        }
        if (result.isSuccess()) {
            return;
        }
        List<RpcFailure.Violation> violations =
                result.toProto().getViolationsList().stream()
                        .map(
                                each ->
                                        new RpcFailure.Violation(
                                                path(each.getField()),
                                                each.getMessage().isEmpty()
                                                        ? each.getRuleId()
                                                        : each.getMessage()))
                        .toList();
        String fields =
                String.join(
                        ", ",
                        violations.stream().map(RpcFailure.Violation::field).limit(5).toList());
        throw RpcFailure.of(
                        Status.Code.INVALID_ARGUMENT,
                        "INVALID_ARGUMENT",
                        "the request is not valid: " + fields)
                .with(violations)
                .raised();
    }

    /** Proto names joined by dots, subscripts in brackets. */
    private static String path(FieldPath path) {
        StringBuilder text = new StringBuilder();
        for (FieldPathElement element : path.getElementsList()) {
            text.append(text.isEmpty() ? "" : ".").append(element.getFieldName());
            switch (element.getSubscriptCase()) {
                case INDEX -> text.append('[').append(element.getIndex()).append(']');
                case STRING_KEY -> text.append("[\"").append(element.getStringKey()).append("\"]");
                case INT_KEY -> text.append('[').append(element.getIntKey()).append(']');
                case UINT_KEY -> text.append('[').append(element.getUintKey()).append(']');
                case BOOL_KEY -> text.append('[').append(element.getBoolKey()).append(']');
                case SUBSCRIPT_NOT_SET -> {}
            }
        }
        return text.toString();
    }
}
