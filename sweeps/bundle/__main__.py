import sys

from sweeps.bundle.command import main

if __name__ == "__main__":
    sys.exit(main())
