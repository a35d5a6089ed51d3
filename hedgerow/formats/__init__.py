"""Model formats: how bytes become something that scores.

A format is a `ModelFactory`, found by the entry point group `hedgerow.formats`; a new one is a package,
not a patch. `hedgerow.formats.factories` finds them. Factories import no engine: the registry checks
definitions with them. What does import one (`pmml.engine`, `tensorflow.session`) is for model hosts and
the process that they are forked from.
"""

from hedgerow.formats.interface import Model, ModelFactory

__all__ = ["Model", "ModelFactory"]
