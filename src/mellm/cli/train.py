"""`mellm train`: train the learned parts from readable recipes."""

import typer

app = typer.Typer(help="Train the learned parts (needs the `train` extra).", no_args_is_help=True)
