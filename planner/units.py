"""Units and array aliases. Money is US dollars before tax, shares are fractions in [0, 1], time is in months."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

TOKENS_PER_MTOK: Final = 1_000_000
MONTHS_PER_YEAR: Final = 12
DAYS_PER_YEAR: Final = 365.25
DAYS_PER_MONTH: Final = DAYS_PER_YEAR / MONTHS_PER_YEAR
SECONDS_PER_HOUR: Final = 3_600
HALF_CENT_USD: Final = 0.005

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

TOKEN_CLASSES: Final = ("uncached_input", "cache_read", "cache_write_5m", "cache_write_1h", "output")
"""The token classes that are billed apart, in the order of every (5,) token array."""

TOKEN_COLUMNS: Final = tuple(f"{name}_tokens" for name in TOKEN_CLASSES)
"""The same five as column names of usage records and of a [[mix]]."""

UNCACHED_INPUT, CACHE_READ, CACHE_WRITE_5M, CACHE_WRITE_1H, OUTPUT = range(5)

SERVER_TOOL_COLUMNS: Final = ("web_search_requests", "code_execution_seconds")
"""What server tools did, as columns of usage records; billed beside the tokens, by the search and by the hour."""

WEB_SEARCHES, CODE_EXECUTION_SECONDS = range(2)
