import sys

from sweeps.demo.command import main

if __name__ == "__main__":
    sys.exit(main())
