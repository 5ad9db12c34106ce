import sys

from trainables.data.percepiano.command import main

if __name__ == "__main__":
    sys.exit(main())
