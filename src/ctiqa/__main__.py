"""Run the command line as ``python -m ctiqa``."""

from ctiqa.cli import main

if __name__ == "__main__":
    main()
