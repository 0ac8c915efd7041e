package banyan.payment.support;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/** A process of a test's own; it ends with the test, or with the process that runs the tests. */
public final class Child implements AutoCloseable {
    private final Process process;
    private final ConcurrentLinkedQueue<String> lines = new ConcurrentLinkedQueue<>();

    private Child(Process process) {
        this.process = process;
        Thread reader = new Thread(this::read, "child-output");
        reader.setDaemon(true);
        reader.start();
        Leftovers.add(process);
    }

    /** Runs a command in the repository's root. */
    public static Child start(List<String> command, Map<String, String> environment) {
        ProcessBuilder builder =
                new ProcessBuilder(command)
                        .directory(Repo.root().toFile())
                        .redirectErrorStream(true);
        builder.environment().putAll(environment);
        try {
            return new Child(builder.start());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Runs a command to its end, within a minute; it must succeed. */
    public static void run(List<String> command, Map<String, String> environment) {
        try (Child child = start(command, environment)) {
            if (child.exitCode(Duration.ofSeconds(60)) != 0) {
                throw new IllegalStateException(
                        command + " failed: " + String.join("\n", child.lines));
            }
        }
    }

    /** The first output line that fits, within half a minute. */
    public String line(Predicate<String> fits) {
        Eventually.holds(
                Duration.ofSeconds(30), () -> lines.stream().anyMatch(fits) || !process.isAlive());
        return lines.stream()
                .filter(fits)
                .findFirst()
                .orElseThrow(
                        () ->
                                new IllegalStateException(
                                        "no such line in: " + String.join("\n", lines)));
    }

    /** The JSON line with this event. */
    public JsonObject event(String name) {
        String line =
                line(text -> text.startsWith("{") && text.contains("\"event\":\"" + name + "\""));
        return JsonParser.parseString(line).getAsJsonObject();
    }

    public List<String> output() {
        return List.copyOf(lines);
    }

    /** SIGTERM. */
    public void terminate() {
        process.toHandle().destroy(); // Process.destroy would close the output too
    }

    /** SIGKILL. */
    public void kill() {
        process.destroyForcibly();
        exitCode(Duration.ofSeconds(10));
    }

    public int exitCode(Duration limit) {
        try {
            if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new IllegalStateException("still running after " + limit);
            }
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
        return process.exitValue();
    }

    @Override
    public void close() {
        CompletableFuture<ProcessHandle> end = process.toHandle().onExit();
        process.destroy();
        try {
            end.get(5, TimeUnit.SECONDS);
        } catch (Exception e) {
            process.destroyForcibly();
        }
    }

    private void read() {
        try (BufferedReader output = process.inputReader(StandardCharsets.UTF_8)) {
            for (String line = output.readLine(); line != null; line = output.readLine()) {
                lines.add(line);
            }
        } catch (IOException e) {
            lines.add("output ended: " + e.getMessage());
        }
    }
}
