"""The command that runs a container in namespaces of its own."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.kubernetes.kubelet.images import MOUNTS
from tests.kubernetes.kubelet.network import NAMESPACES


@dataclass(frozen=True)
class Mount:
    """A folder of this machine at a path of the container."""

    folder: Path
    path: str
    read_only: bool = False


def command_of(
    network: str,
    command: Sequence[str],
    environment: Mapping[str, str],
    mounts: Sequence[Mount],
    code: Path,
    files: Mapping[str, str],
) -> list[str]:
    """Return what runs `command` as process 1 of a container.

    Its root is this machine's, seen through a layer that is read-only in the end: what is written goes to
    `mounts` or nowhere. `files` are put into /etc.
    """
    script = _script(command, environment, [*_common(code), *mounts], files)
    # fmt: off
    return [
        "nsenter", f"--net={NAMESPACES / network}",
        "unshare", "--mount", "--pid", "--fork", "--kill-child",
        "sh", "-euc", script,
    ]
    # fmt: on


def _common(code: Path) -> list[Mount]:
    shared = [Mount(folder, path, read_only=True) for folder, path in MOUNTS.items()]
    return [*shared, Mount(code, "/app", read_only=True)]


def _script(
    command: Sequence[str],
    environment: Mapping[str, str],
    mounts: Sequence[Mount],
    files: Mapping[str, str],
) -> str:
    lines = [
        "mount --make-rprivate /",
        "mount -t tmpfs tmpfs /mnt",
        "cd /mnt",
        "mkdir upper work root volumes",
    ]
    # Held from here, for what is mounted over /tmp may hide what is below it.
    for number, mount in enumerate(mounts):
        lines += [f"mkdir volumes/{number}", f"mount --bind {mount.folder} volumes/{number}"]
    lines += [
        "mount -t overlay overlay -o lowerdir=/,upperdir=upper,workdir=work root",
        *(f"printf %s {shlex.quote(text)} > root/etc/{name}" for name, text in files.items()),
    ]
    for number, mount in enumerate(mounts):
        target = f"root{mount.path}"
        lines += [f"mkdir -p {target}", f"mount --bind volumes/{number} {target}"]
        if mount.read_only:
            lines.append(f"mount -o remount,bind,ro {target}")
    variables = [f"{name}={value}" for name, value in environment.items()]
    confined = ["setpriv", "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs"]
    started = shlex.join(["/usr/bin/env", "-i", *variables, *command])
    lines += [
        "mount --rbind /dev root/dev",
        "mount -t proc proc root/proc",
        "mount -o remount,bind,ro root",
        f"exec chroot root {shlex.join(confined)} {started}",
    ]
    return "\n".join(lines)
