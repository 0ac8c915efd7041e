package banyan.payment.support;

/** The moment at which a process dies: at the n-th point that it comes by, or never. */
public final class Deaths {
    private int left = -1;
    private boolean died;

    /** The process is gone. */
    public static final class Death extends RuntimeException {
        private static final long serialVersionUID = 1L;
    }

    /**
     * From now on.
     *
     * @param point 0 is the next one
     */
    public synchronized void at(int point) {
        left = point;
        died = false;
    }

    /** A point has come. What is dead comes by no other. */
    public synchronized void reach() {
        if (died || left == 0) {
            died = true;
            throw new Death();
        }
        if (left > 0) {
            left--;
        }
    }
}
