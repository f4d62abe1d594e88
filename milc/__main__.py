"""`python -m milc` is the command `milc`."""

from milc.cli.main import main

main()
