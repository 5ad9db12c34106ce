import sys

from sweeps.rerun.command import main

if __name__ == "__main__":
    sys.exit(main())
