"""Everything the product refuses, by name. Each message names the value, the place and the remedy."""


class PlannerError(Exception):
    """A mistake in what the user gave us: printed without a traceback, exit code 2."""


class InputError(PlannerError):
    """An assumption in a plan file or on the command line cannot be used."""


class UsageError(PlannerError):
    """A usage log cannot be read or holds rows that must be refused."""


class PriceError(PlannerError):
    """A price that the calculation needs is not known."""


class UnknownModelError(PriceError):
    """A model that was never priced: listed and blocking, never zero."""


class WorkbookError(PlannerError):
    """A workbook cannot be written, or read back, as asked."""
