package banyan.payment.support;

import com.google.common.io.MoreFiles;
import com.google.common.io.RecursiveDeleteOption;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/** What tests have started and written ends with them: processes first, then their directories. */
final class Leftovers {
    private static final Queue<Process> PROCESSES = new ConcurrentLinkedQueue<>();
    private static final Queue<Path> DIRECTORIES = new ConcurrentLinkedQueue<>();

    static {
        Runtime.getRuntime().addShutdownHook(new Thread(Leftovers::clear));
    }

    private Leftovers() {}

    /** Killed at the end, if it still runs. */
    static void add(Process process) {
        PROCESSES.add(process);
    }

    /** A new directory, which is gone at the end. */
    static Path directory(String name) throws IOException {
        Path made = Files.createTempDirectory(name);
        DIRECTORIES.add(made);
        return made;
    }

    private static void clear() {
        PROCESSES.forEach(Process::destroyForcibly);
        PROCESSES.forEach(process -> process.onExit().join());
        for (Path directory : DIRECTORIES) {
            try {
                MoreFiles.deleteRecursively(directory, RecursiveDeleteOption.ALLOW_INSECURE);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
