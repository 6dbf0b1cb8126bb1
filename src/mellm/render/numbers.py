"""The numbers of micro-expressions, which stay as they are where a person rejects some and adds others."""

from mellm.report import MicroExpression, Report


def numbered(report: Report) -> list[tuple[int, MicroExpression]]:
    """Return each micro-expression with its number; with its place, from 1, in reports without numbers."""
    return [(me.number or place, me) for place, me in enumerate(report.micro_expressions, 1)]
