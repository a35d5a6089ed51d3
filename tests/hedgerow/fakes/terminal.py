"""A terminal of 80 columns, for what commands do there and nowhere else."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import termios

_CONTROL = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


def in_a_terminal(*command: str, typed: str = "", code: int = 0) -> str:
    """Run a command in a terminal, type something, and return what it shows, without colours."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    environment = {**os.environ, "TERM": "xterm", "PYTHONUNBUFFERED": "1"}
    environment.pop("COLUMNS", None)
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment)
    os.close(theirs)
    os.write(ours, typed.encode())
    shown = b""
    while block := _read(ours):
        shown += block
    os.close(ours)
    text = _CONTROL.sub("", shown.decode()).replace("\r\n", "\n")
    assert process.wait(30) == code, text
    return text


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # Linux says so when nobody has the other end any more
        return b""
