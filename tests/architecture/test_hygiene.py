"""What must not be committed: left-overs, silenced tests, and traces of the machine it was written on."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.architecture.tree import files, is_generated, is_test, report, sources, text

HERE: Final = "tests/architecture/test_hygiene.py"
BINARY: Final = (".binpb", ".png", ".ico", ".woff2")
LATER: Final = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
SILENCED: Final = re.compile(
    r"pytest\.(mark\.)?(skip|skipif|xfail|importorskip)\b|\bunittest\.skip|\bt\.Skip(f|Now)?\(|@Disabled\b|@Ignore\b"
    r"|\b(test|it|describe|suite)\.(skip|todo|only)\(|\bskip:\s*true"
)
BLANKET: Final = re.compile(
    r"#\s*noqa\s*$|#\s*noqa\s+(?!:)|#\s*type:\s*ignore\s*($|[^\[])|//nolint\s*($|//)|@ts-(ignore|nocheck)"
)
REASONED: Final = re.compile(r"//nolint:\S+ // \S|@ts-expect-error \S|biome-ignore [\w/]+: \S")
NEEDS_REASON: Final = re.compile(r"//nolint|@ts-expect-error|biome-ignore|@SuppressWarnings\(\"all\"\)")
MACHINE_PATH: Final = re.compile(r"(?<![\w.}$-])/(root|work|home|Users)/[\w.-]+")
# In an image, where the builder is root.
IMAGE_PATHS: Final = ("target=/root/.cache/", "target=/root/.m2", "target=/root/.npm", "target=/go/")
PRIVATE_NETWORK: Final = re.compile(r"\b(10\.\d+|192\.168|172\.(1[6-9]|2\d|3[01]))\.\d+\.\d+\b")
INDEX_OPTION: Final = re.compile(
    r"--(extra-)?index-url|--trusted-host|index-url\s*=|^\s*registry\s*=|\"resolved\":|GOPROXY=(?!off|direct)|<mirror>|<repository>",
    re.MULTILINE,
)
URL_HOST: Final = re.compile(r"\bhttps?://(?:[^/@\s\"'`<>]*@)?([A-Za-z0-9][A-Za-z0-9.-]*[A-Za-z0-9])")
PUBLIC_HOSTS: Final = {
    "github.com": "projects that are referred to",
    "maven.apache.org": "the name space of pom.xml",
    "www.apache.org": "licences",
    "www.w3.org": "the name space of pom.xml",
    "www.rfc-editor.org": "standards",
    "datatracker.ietf.org": "standards",
    "pkg.go.dev": "names of Go packages",
    "go.dev": "Go's documentation",
    "opencollective.com": "funding entries of package-lock.json",
    "cloud.google.com": "documentation",
    "google.aip.dev": "documentation",
    "semver.org": "documentation",
    "opentelemetry.io": "documentation",
    "protobuf.dev": "documentation",
    "buf.build": "documentation",
    "biomejs.dev": "the schema of biome.json",
    "json.schemastore.org": "schemas of configuration files",
    "json-schema.org": "schemas",
    "helm.sh": "how to install Helm",
    "kubernetes.io": "documentation",
    "kind.sigs.k8s.io": "documentation",
    "skaffold.dev": "documentation",
    "prometheus-community.github.io": "where the chart of Prometheus is had",
    "kedacore.github.io": "where the chart of KEDA is had",
    "kubernetes-sigs.github.io": "where the chart of the metrics server is had",
}
# Names that can't be anywhere: loopback, reserved for documentation, or one word, a service of some mesh.
NOWHERE: Final = re.compile(
    r"localhost|127\.0\.0\.1|0\.0\.0\.0|[\w-]+|host\.\w+"
    r"|([\w-]+\.)*(test|example|invalid|localhost)|([\w-]+\.)?example\.\w+|[\w-]+\.monitoring"
)
C_CODE: Final = re.compile(
    r"^\s*//\s*(?:(?:const|let|var|return|import|throw|await|private|public|if \(|for \(|while \()\b.*[;{]"
    r"|[\w.]+\(.*\);|[\w, ]+ :?= .+[;)]|})\s*$"
)


def readable() -> list[str]:
    """Every text file that people wrote, this one's own patterns aside."""
    return [name for name in files() if not name.endswith(BINARY) and name != HERE]


def lines_of(name: str) -> Iterator[tuple[str, str]]:
    """`file:line` and the line."""
    return ((f"{name}:{number}", line) for number, line in enumerate(text(name).splitlines(), 1))


def test_nothing_is_left_for_later() -> None:
    names = [name for name in readable() if not is_generated(name)]
    report(
        [
            f"{where}: {line.strip()}"
            for name in names
            for where, line in lines_of(name)
            if LATER.search(line)
        ],
        "do it, or open an issue",
    )


def test_no_test_is_silenced() -> None:
    found = [
        f"{where}: {line.strip()}"
        for name in sources()
        if name != HERE
        for where, line in lines_of(name)
        if SILENCED.search(line)
    ]
    report(found, "a test that does not run proves nothing")


def test_linters_are_silenced_by_name() -> None:
    found = [
        f"{where}: {line.strip()}"
        for name in sources()
        if name != HERE
        for where, line in lines_of(name)
        if BLANKET.search(line) or (NEEDS_REASON.search(line) and not REASONED.search(line))
    ]
    report(found, "name the rule; in Go and TypeScript the reason too")


def _dead_python(name: str) -> Iterator[str]:
    """Comments of a Python file that are statements."""
    for token in tokenize.generate_tokens(io.StringIO(text(name)).readline):
        if token.type == tokenize.COMMENT and is_statement(token.string.lstrip("# ")):
            yield f"{name}:{token.start[0]}: {token.string}"


def is_statement(comment: str) -> bool:
    """Whether a comment is Python code rather than words."""
    try:
        statements = ast.parse(comment.strip()).body
    except (SyntaxError, ValueError):
        return False
    return any(
        isinstance(
            statement,
            ast.Assign | ast.AugAssign | ast.Import | ast.ImportFrom | ast.Return | ast.Raise | ast.Delete,
        )
        or (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call | ast.Await | ast.Yield))
        for statement in statements
    )


def test_code_is_not_commented_out() -> None:
    found = [dead for name in sources(suffixes=(".py",)) for dead in _dead_python(name)]
    found += [
        f"{where}: {line.strip()}"
        for name in sources(suffixes=(".go", ".java", ".ts"))
        for where, line in lines_of(name)
        if C_CODE.match(line)
    ]
    report(found, "delete it: git remembers")
    assert is_statement("value = compute(1)") and not is_statement("values are computed once")


def test_no_machine_is_named() -> None:
    found = []
    for name in readable():
        for where, line in lines_of(name):
            path = MACHINE_PATH.search(line)
            if path and not any(allowed in line for allowed in IMAGE_PATHS):
                found.append(f"{where}: {path[0]}")
            network = PRIVATE_NETWORK.search(line)
            if network and not is_generated(name) and not is_test(name):
                found.append(f"{where}: {network[0]}")
    report(found, "paths and addresses of one machine")


def test_no_package_index_is_named() -> None:
    found = [
        f"{where}: {line.strip()[:120]}"
        for name in readable()
        if not name.startswith("protos/third_party/")
        for where, line in lines_of(name)
        if INDEX_OPTION.search(line)
    ]
    report(found, "where packages come from is the machine's business")


def is_known(host: str) -> bool:
    """Whether a host may stand in the tree."""
    return host in PUBLIC_HOSTS or NOWHERE.fullmatch(host) is not None


def test_only_known_hosts_are_named() -> None:
    found = [
        f"{where}: {host}"
        for name in readable()
        if not name.startswith(("protos/third_party/", "protos/gen/", "services/notification/protos/"))
        for where, line in lines_of(name)
        for host in URL_HOST.findall(line)
        if not is_known(host)
    ]
    report(found, "add it to PUBLIC_HOSTS with what it is for, or take it out")


def test_every_file_ends_well() -> None:
    found = [
        name
        for name in readable()
        if not is_generated(name) and text(name) and (not text(name).endswith("\n") or "\r" in text(name))
    ]
    report(found, "lines end with \\n, the last one too")


def test_every_source_file_says_what_it_is() -> None:
    found = [
        name
        for name in sources("services/", "local/", "tests/", suffixes=(".py",))
        if text(name).strip()
        and not ast.get_docstring(ast.parse(text(name)))
        and Path(name).name != "__init__.py"
    ]
    report(found, "the first line of a module says what it owns")
