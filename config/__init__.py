"""Settings, addresses and entry points of the product's processes."""

import os

# NumPy's library of linear algebra starts a thread a core, and here they only wait for
# each other: our matrices are small and the processes many. It reads this as it loads.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
