"""The last module for a fork server to import; it ends the importing.

What is loaded by then is taken out of the sight of Python's garbage collector. A forked host shares the
memory of TensorFlow and the rest with its siblings for as long as nobody writes to it, and a collection
writes to every object that it looks at: the first one in a host costs it 70 MB.
"""

import gc

gc.collect()
gc.freeze()
