"""A kernel for one submission, spoken to through Jupyter's own protocol."""

from __future__ import annotations

import contextlib
import os
import queue
import re
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import zmq
from jupyter_client import BlockingKernelClient
from jupyter_client.connect import write_connection_file
from nbformat import NotebookNode
from nbformat.v4 import output_from_msg

from . import isolation

START = 90.0  # seconds for a kernel to come up, on a busy machine
GRACE = 10.0  # seconds to stop when told to, and to finish its messages
WATCH = 0.15  # seconds between two looks at what it uses
KEPT = 200_000  # bytes of output that a cell may leave in the notebook
FLOOD = 20_000_000  # bytes after which a cell is stopped
LARGEST_MESSAGE = 128_000_000
COLOURS = re.compile(r"\x1b\[[0-9;]*m")

# Runs before the submission does. It remembers the functions that tests rest
# on and returns the one that puts them back: names of modules, and the code
# behind them. It is a lock on the drawer, not a safe: what runs in the same
# process can find it.
GUARD = """
def _guard(student, variable):
    import builtins, importlib, os, sys, types

    for name in ("numpy", "numpy.linalg", "numpy.testing", "scipy", "math",
                 "scipy.linalg", "scipy.optimize", "lib", "lib.students"):
        importlib.import_module(name)
    watched = [module for name, module in sys.modules.items()
               if isinstance(module, types.ModuleType)
               and (name in ("builtins", "math", "numpy", "numpy.linalg",
                             "numpy.testing", "scipy.linalg", "hashlib",
                             "scipy.optimize", "inspect")
                    or name.split(".")[0] == "lib")]
    names, codes, missing = [], [], object()
    for module in watched:
        for name, value in vars(module).items():
            if name in ("_", "display", "get_ipython", "input"):
                continue
            if callable(value) or isinstance(value, types.ModuleType):
                names.append((module, name, value))
            if isinstance(value, types.FunctionType):
                codes.append((value, value.__code__, value.__defaults__,
                              value.__kwdefaults__))

    def put_back(setattr=setattr, vars=vars, id=id):
        changed = []
        for module, name, value in names:
            if vars(module).get(name, missing) is not value:
                changed.append(module.__name__ + "." + name)
                setattr(module, name, value)
        for function, code, defaults, kwdefaults in codes:
            if function.__code__ is not code:
                changed.append(function.__module__ + "." + function.__name__)
                function.__code__ = code
            function.__defaults__ = defaults
            function.__kwdefaults__ = kwdefaults
        os.environ[variable] = student
        return "\\n".join(changed)

    return put_back
"""


class KernelGoneError(Exception):
    """The kernel is no more; the message says what became of it."""


@dataclass
class Outcome:
    """What became of a cell."""

    error: str | None = None  # name and message of what it raised
    outputs: list[NotebookNode] = field(default_factory=list)
    passed: bool = False  # it was run to its very last line
    stopped: bool = False  # it took too long or printed too much
    put_back: list[str] = field(default_factory=list)


class Kernel:
    """One kernel in its folder; leaving the context ends it and its family."""

    def __init__(
        self,
        scratch: Path,
        student: str,
        allowance: isolation.Allowance,
        secret: Sequence[Path],
        how: str,
        caches: Path | None,
        keep: Path | None = None,
    ) -> None:
        self.scratch, self.student, self.allowance = (
            scratch,
            student,
            allowance,
        )
        self.secret, self.how, self.caches = secret, how, caches
        self.keep = keep
        self.watch = isolation.Watch(scratch, allowance)
        self.restless = False  # an interrupt may still be on its way
        self.spent = 0.0  # seconds of a processor, by its cells
        self.handle = "_" + secrets.token_hex(8)

    def __enter__(self) -> Kernel:
        shutil.rmtree(self.scratch, ignore_errors=True)
        self.scratch.mkdir(mode=0o700)
        if self.caches is not None and self.caches.is_dir():
            shutil.copytree(self.caches, self.scratch / ".cache")
        for folder in (
            "shm",
            ".ipython",
            ".cache/matplotlib",
            ".cache/numba",
        ):
            (self.scratch / folder).mkdir(parents=True, exist_ok=True)
        # Sockets in the folder: the kernel needs no network to be heard.
        file, _ = write_connection_file(
            str(self.scratch / "kernel.json"),
            ip=str(self.scratch / "k"),
            transport="ipc",
            key=secrets.token_hex(32).encode(),
            **{
                f"{name}_port": k
                for k, name in enumerate(
                    ("shell", "iopub", "stdin", "control", "hb"), 1
                )
            },
        )
        self.group = isolation.herd()
        self.process = isolation.start(
            [
                sys.executable,
                "-m",
                "ipykernel_launcher",
                "-f",
                file,
                "--HistoryManager.enabled=False",
            ],
            self.scratch,
            self.student,
            self.allowance,
            self.secret,
            self.how,
            self.group,
        )
        try:
            self._connect(file)
        except BaseException:
            self.__exit__()
            raise
        return self

    def _connect(self, file: str) -> None:
        context = zmq.Context()
        context.setsockopt(zmq.MAXMSGSIZE, LARGEST_MESSAGE)
        context.setsockopt(zmq.LINGER, 0)
        self.client = BlockingKernelClient(context=context)
        self.client.load_connection_file(file)
        self.client.start_channels(hb=False)
        deadline = time.monotonic() + START
        answer = self.client.kernel_info()
        while time.monotonic() < deadline:
            try:
                reply = self.client.get_shell_msg(timeout=0.1)
            except queue.Empty:
                if self.process.poll() is not None:
                    break
                continue
            if reply["parent_header"].get("msg_id") == answer:
                break
        else:
            raise KernelGoneError(f"no kernel came up in {START:.0f} s")
        if self.process.poll() is not None:
            raise KernelGoneError("no kernel came up")
        ready = self._run(
            f"{GUARD}\n{self.handle} = _guard("
            f"{self.student!r}, {isolation.STUDENT_VARIABLE!r})\n"
            f"del _guard\nSTUDENT = {self.student!r}",
            seconds=START,
        )
        if ready.error:
            raise KernelGoneError(f"the kernel is unfit: {ready.error}")

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(Exception):
            self.client.stop_channels()
            self.client.context.destroy(linger=0)
        # The whole group at once, before it can grow any further.
        with contextlib.suppress(OSError):
            os.killpg(self.process.pid, signal.SIGKILL)
        isolation.end_family()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(5)
        if self.group is not None:
            with contextlib.suppress(OSError):
                self.group.rmdir()
        if self.keep is not None:
            shutil.rmtree(self.keep, ignore_errors=True)
            shutil.copytree(self.scratch / ".cache", self.keep)
        shutil.rmtree(self.scratch, ignore_errors=True)

    def run(self, source: str, seconds: float) -> Outcome:
        """A cell of the submission's own."""
        return self._run(source, seconds, history=True)

    def test(self, source: str, seconds: float) -> Outcome:
        """A cell of tests, which passes only if its last line is reached."""
        before = self._run(
            "", seconds=GRACE, expression=f"{self.handle}()"
        ).outputs
        # The word is new each time, so that no earlier code can have said it.
        word = secrets.token_hex(16)
        outcome = self._run(f"{source}\n{word!r}", seconds, word=word)
        outcome.put_back = [
            name
            for output in before
            for name in output["text"].strip("'").split("\\n")
            if name
        ]
        return outcome

    def _run(
        self,
        source: str,
        seconds: float,
        *,
        history: bool = False,
        expression: str | None = None,
        word: str | None = None,
    ) -> Outcome:
        if self.restless:
            self._settle()
        outcome, heard, kept = Outcome(), 0, 0
        said, before = False, None  # seconds that were used before this cell
        message = self.client.execute(
            source,
            store_history=history,
            allow_stdin=False,
            stop_on_error=False,
            user_expressions={"x": expression} if expression else None,
        )
        spent = self.spent
        watched = time.monotonic()
        deadline = watched + isolation.PATIENCE * seconds
        reply, idle, stopped, replied = None, False, None, 0.0
        while not (reply and idle):
            now = time.monotonic()
            if now - watched > WATCH:
                watched = now
                if self.process.poll() is not None:
                    raise KernelGoneError(stopped or "ended its own kernel")
                too_much = self.watch.excess()
                if too_much:
                    raise KernelGoneError(too_much)
                if before is None:
                    before = self.watch.seconds
                self.spent = spent + self.watch.seconds - before
                if self.spent - spent > seconds and not stopped:
                    deadline = now
            if reply and now - replied > GRACE:
                # A message beyond all bounds has closed the channel for good.
                raise KernelGoneError("printed too much at once to be heard")
            if now >= deadline and not reply:
                if stopped:
                    raise KernelGoneError(f"{stopped}, and would not stop")
                stopped = f"took more than {seconds:.0f} s"
                self._interrupt()
                deadline = now + GRACE
            heard_now, idle_now, reply_now = self._listen(message)
            idle = idle or idle_now
            if reply_now and not reply:
                reply, replied = reply_now, time.monotonic()
            for output, bytes_ in heard_now:
                if word and output.output_type == "execute_result":
                    # No other line of a test cell shows a value.
                    said = said or word in output.data.get("text/plain", "")
                    continue
                heard += bytes_
                if kept + bytes_ <= KEPT or output.output_type == "error":
                    kept += bytes_
                    _append(outcome.outputs, output)
            if heard > FLOOD and not stopped:
                stopped = f"printed more than {FLOOD // 10**6} MB"
                if not reply:
                    self._interrupt()
                    deadline = time.monotonic() + GRACE
        content = reply["content"]
        if stopped:
            outcome.error, outcome.stopped = stopped, True
        elif content.get("status") != "ok":
            outcome.error = _told(content.get("ename"), content.get("evalue"))
        elif errors := [
            output
            for output in outcome.outputs
            if output.output_type == "error"
        ]:
            outcome.error = _told(errors[0].ename, errors[0].evalue)
        outcome.passed = said and outcome.error is None
        if expression:
            data = content.get("user_expressions", {}).get("x", {})
            text = data.get("data", {}).get("text/plain", "")
            outcome.outputs = [{"text": str(text)}]
        if kept < heard and not expression:
            outcome.outputs.append(
                NotebookNode(
                    output_type="stream",
                    name="stderr",
                    text=f"[the grader kept {kept} of {heard} bytes]\n",
                )
            )
        return outcome

    def _listen(self, message: str):
        """What has come in about that message, for at most a moment."""
        outputs, idle, reply = [], False, None
        with contextlib.suppress(queue.Empty):
            for _ in range(200):
                came = self.client.get_iopub_msg(
                    timeout=0.05 if not outputs else 0
                )
                if came["parent_header"].get("msg_id") != message:
                    continue
                kind, content = came["msg_type"], came["content"]
                if kind == "status":
                    if content.get("execution_state") == "idle":
                        idle = True
                        break
                elif kind in (
                    "stream",
                    "display_data",
                    "execute_result",
                    "error",
                ):
                    with contextlib.suppress(Exception):
                        output = output_from_msg(came)
                        outputs.append((output, _bytes(output)))
        with contextlib.suppress(queue.Empty):
            came = self.client.get_shell_msg(timeout=0)
            if came["parent_header"].get("msg_id") == message:
                reply = came
        return outputs, idle, reply

    def _interrupt(self) -> None:
        self.restless = True
        channel = self.client.control_channel
        channel.send(self.client.session.msg("interrupt_request", content={}))

    def _settle(self) -> None:
        """Lets an interrupt that came too late hit nothing but air."""
        self.restless = False
        with contextlib.suppress(queue.Empty):
            self.client.get_control_msg(timeout=GRACE)
        self._run("", GRACE)
        self.restless = False


def _told(name: object, value: object) -> str:
    value = COLOURS.sub("", str(value)).strip()
    return f"{name}: {value}" if value else str(name)


def _bytes(output: NotebookNode) -> int:
    if output.output_type == "stream":
        return len(output.text)
    if output.output_type == "error":
        return sum(len(str(line)) for line in output.traceback)
    return sum(len(str(data)) for data in output.data.values())


def _append(outputs: list[NotebookNode], output: NotebookNode) -> None:
    """Streams run together, as they do on the screen."""
    if (
        output.output_type == "stream"
        and outputs
        and outputs[-1].output_type == "stream"
        and outputs[-1].name == output.name
    ):
        outputs[-1].text += output.text
    else:
        outputs.append(output)
