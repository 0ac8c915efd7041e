package banyan.payment.platform;

import java.net.URI;
import java.net.URISyntaxException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;

/**
 * Where a database is, from `postgres://user:password@host:port/name`.
 *
 * @param jdbcUrl without credentials
 */
public record DatabaseUrl(String jdbcUrl, String user, String password) {
    /** IllegalArgumentException, without the text itself, when it is not of that form. */
    public static DatabaseUrl parse(String text) {
        URI uri;
        try {
            uri = new URI(text);
        } catch (URISyntaxException e) {
            throw malformed();
        }
        boolean postgres =
                "postgres".equals(uri.getScheme()) || "postgresql".equals(uri.getScheme());
        String[] user =
                uri.getRawUserInfo() == null ? new String[0] : uri.getRawUserInfo().split(":", 2);
        if (!postgres
                || uri.getHost() == null
                || uri.getPath() == null
                || uri.getPath().length() < 2
                || user.length == 0) {
            throw malformed();
        }
        int port = uri.getPort() < 0 ? 5432 : uri.getPort();
        String query = uri.getRawQuery() == null ? "" : "?" + uri.getRawQuery();
        String url = "jdbc:postgresql://" + uri.getHost() + ":" + port + uri.getRawPath() + query;
        return new DatabaseUrl(url, decode(user[0]), user.length < 2 ? "" : decode(user[1]));
    }

    @Override
    public String toString() {
        return jdbcUrl;
    }

    private static String decode(String text) {
        return URLDecoder.decode(text.replace("+", "%2B"), StandardCharsets.UTF_8);
    }

    private static IllegalArgumentException malformed() {
        return new IllegalArgumentException("must be postgres://user:password@host:port/name");
    }
}
