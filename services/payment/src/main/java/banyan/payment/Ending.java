package banyan.payment;

/** Runs when a signal comes, also while the service is still starting. */
final class Ending implements Runnable {
    private LiveProcess process;
    private boolean failed;

    synchronized void started(LiveProcess running) {
        process = running;
    }

    synchronized void failed() {
        failed = true;
    }

    @Override
    public synchronized void run() {
        int code = failed ? 1 : 0;
        try {
            if (process != null) {
                process.stop();
            }
        } catch (InterruptedException e) {
            code = 1;
        }
        Runtime.getRuntime().halt(code); // else the exit code would be the signal's
    }
}
