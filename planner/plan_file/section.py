"""What every table of the plan file has in common: unknown keys are errors, and so are values of another kind."""

from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

Share = Annotated[float, Field(ge=0, le=1)]
Usd = Annotated[float, Field(ge=0, le=1e12)]
LONGEST_NAME: Final = 200
Name = Annotated[str, Field(min_length=1, max_length=LONGEST_NAME)]
Tier = Literal["haiku", "sonnet", "opus", "fable", "other"]
Provider = Literal["anthropic", "bedrock", "vertex"]


class Section(BaseModel):
    """A table of the plan file: keys it does not know are errors, and numbers are finite numbers."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, frozen=True)
