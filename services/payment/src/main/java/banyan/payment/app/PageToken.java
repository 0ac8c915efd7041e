package banyan.payment.app;

import banyan.payment.domain.PaymentException;
import java.nio.ByteBuffer;
import java.util.Base64;
import java.util.Optional;
import java.util.UUID;

/** Where the last page ended, opaque to the caller and bound to the query it was a page of. */
final class PageToken {
    private static final int BYTES = 2 * Long.BYTES + Integer.BYTES;

    private final int query;

    PageToken(String query) {
        this.query = query.hashCode();
    }

    String encode(String lastId) {
        UUID id = UUID.fromString(lastId);
        ByteBuffer bytes = ByteBuffer.allocate(BYTES).putInt(query);
        bytes.putLong(id.getMostSignificantBits()).putLong(id.getLeastSignificantBits());
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes.array());
    }

    /** The id in the token, empty for an empty one. */
    Optional<String> decode(String token) {
        if (token.isEmpty()) {
            return Optional.empty();
        }
        ByteBuffer bytes = ByteBuffer.wrap(base64(token));
        if (bytes.remaining() != BYTES || bytes.getInt() != query) {
            throw PaymentException.pageTokenInvalid();
        }
        return Optional.of(new UUID(bytes.getLong(), bytes.getLong()).toString());
    }

    private static byte[] base64(String token) {
        try {
            return Base64.getUrlDecoder().decode(token);
        } catch (IllegalArgumentException e) {
            throw PaymentException.pageTokenInvalid();
        }
    }
}
