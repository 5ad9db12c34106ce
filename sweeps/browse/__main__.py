"""`python -m sweeps.browse [RESULTS]`: sweeps in a browser."""

import sys

from sweeps.browse.command import main

if __name__ == "__main__":
    sys.exit(main())
