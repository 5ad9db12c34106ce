import sys

from sweeps.control.command import main

if __name__ == "__main__":
    sys.exit(main())
