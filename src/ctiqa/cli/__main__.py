"""Run the command line as ``python -m ctiqa.cli``."""

from ctiqa.cli import main

if __name__ == "__main__":
    main()
