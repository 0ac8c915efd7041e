package banyan.payment.support;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/** Where things are in the tree. */
public final class Repo {
    private Repo() {}

    public static Path root() {
        Path folder = Path.of("").toAbsolutePath();
        while (!Files.isDirectory(folder.resolve("protos"))) {
            folder = folder.getParent();
        }
        return folder;
    }

    /** A program of the workspace's virtual environment. */
    public static String tool(String name) {
        String home =
                System.getenv()
                        .getOrDefault("BANYAN_VENV", root().resolve(".banyan/venv").toString());
        return Path.of(home, "bin", name).toString();
    }

    /** The folder with initdb and postgres. */
    public static Path postgresBin() {
        Path lib = Path.of(tool("python")).getParent().getParent().resolve("lib");
        try (Stream<Path> files =
                Files.find(lib, 6, (path, attributes) -> path.endsWith("pginstall/bin/initdb"))) {
            return files.findFirst().orElseThrow().getParent();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
