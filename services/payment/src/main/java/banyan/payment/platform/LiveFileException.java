package banyan.payment.platform;

/** The file can't be read, or says what no setting can be. */
public final class LiveFileException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    LiveFileException(String message, Throwable cause) {
        super(message, cause);
    }
}
