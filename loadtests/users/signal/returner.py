"""Passwords, and nothing else."""

from __future__ import annotations

import random

from locust import constant_throughput, task

from loadtests.journeys import account
from loadtests.support.catalogue import CATALOGUE
from loadtests.users.person import Person


class Returner(Person):
    """Logs in, looks at the account, logs out, every second; each time a password is hashed."""

    weight = 2
    wait_time = constant_throughput(1)

    @task
    def come_and_go(self) -> None:
        account.come_and_go(self.edge, random.choice(CATALOGUE.emails))
