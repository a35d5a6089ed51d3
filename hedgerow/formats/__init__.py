"""Model formats: how bytes become something that scores.

A format is a `ModelFactory`, found by the entry point group `hedgerow.formats`; a new one is a package,
not a patch. `hedgerow.formats.registry` finds them. The modules here import no engine when they are
imported: the registry checks definitions with them, and only model hosts load TensorFlow or a JVM.
"""

from hedgerow.formats.interface import Model, ModelFactory

__all__ = ["Model", "ModelFactory"]
