import sys

from sweeps.explain.command import main

if __name__ == "__main__":
    sys.exit(main())
