import sys

from sweeps.export.command import main

if __name__ == "__main__":
    sys.exit(main())
