"""`python -m mellm`."""

from mellm.cli import main

if __name__ == "__main__":
    main()
