"""A shape as a table: until when, how many people, how quickly they come and go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from locust import LoadTestShape


@dataclass(frozen=True, slots=True)
class Stage:
    """Until `until_s` seconds after the start there are `people`, who come and go `each_s` a second."""

    until_s: float
    people: int
    each_s: float


class Stages(LoadTestShape):
    """Follows `stages`; `kinds` are who comes, everybody of the locustfile when empty.

    `--people` multiplies how many, `--stretch` how long.
    """

    abstract = True
    stages: ClassVar[Sequence[Stage]] = ()
    kinds: ClassVar[Sequence[type]] = ()

    def tick(self) -> tuple[int, float] | tuple[int, float, list[type]] | None:
        """What locust asks once a second; None ends the run."""
        options: Any = self.runner.environment.parsed_options if self.runner else None
        people, stretch = (options.people, options.stretch) if options else (1.0, 1.0)
        now = self.get_run_time()
        for stage in self.stages:
            if now < stage.until_s * stretch:
                count = round(stage.people * people)
                rate = max(stage.each_s * people, 0.1)
                return (count, rate, list(self.kinds)) if self.kinds else (count, rate)
        return None
