package banyan.payment.rpc;

import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.Message;
import java.io.IOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/** SHA-256 of a request in its deterministic serialisation. */
final class Hashes {
    private Hashes() {}

    static byte[] of(Message message) {
        byte[] bytes = new byte[message.getSerializedSize()];
        CodedOutputStream out = CodedOutputStream.newInstance(bytes);
        out.useDeterministicSerialization();
        try {
            message.writeTo(out);
            return MessageDigest.getInstance("SHA-256").digest(bytes);
        } catch (IOException | NoSuchAlgorithmException e) {
            throw new IllegalStateException(
                    "neither the array nor the algorithm can be missing", e);
        }
    }
}
