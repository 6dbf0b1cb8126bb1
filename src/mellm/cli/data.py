"""`mellm data`: make and check data."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Data: build and check MEFlowDataset.", no_args_is_help=True)
