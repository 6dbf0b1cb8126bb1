"""The numbers of micro-expressions, which stay as they are where a person rejects some and adds others."""

from mellm.report import MicroExpression, Report


def lasting_number(me: MicroExpression, place: int) -> int:
    """Return a micro-expression's number; in reports of earlier versions its `place`, from 0, plus 1."""
    return me.number if me.number is not None else place + 1


def numbered(report: Report) -> list[tuple[int, MicroExpression]]:
    """Return each micro-expression with its number."""
    return [(lasting_number(me, place), me) for place, me in enumerate(report.micro_expressions)]


def by_number(report: Report, number: int | None) -> MicroExpression | None:
    """Return the micro-expression that has a number; None where the report has none of it."""
    return next((me for own, me in numbered(report) if own == number), None)
