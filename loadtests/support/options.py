"""Options beside locust's own; each can also be given as an environment variable of the name in brackets."""

from __future__ import annotations

from typing import Any

from locust import events


def install() -> None:
    """Adds them to locust's command line and web page."""
    events.init_command_line_parser.add_listener(_add)


def _add(parser: Any) -> None:
    group = parser.add_argument_group("Banyan")
    group.add_argument(
        "--seed",
        type=int,
        default=1,
        env_var="BANYAN_LOAD_SEED",
        help="Goods, accounts and choices follow from it; the same seed finds its goods again",
    )
    group.add_argument(
        "--people",
        type=float,
        default=1.0,
        env_var="BANYAN_LOAD_PEOPLE",
        help="Multiplies the people of a shape",
    )
    group.add_argument(
        "--stretch",
        type=float,
        default=1.0,
        env_var="BANYAN_LOAD_STRETCH",
        help="Multiplies the length of a shape",
    )
    group.add_argument(
        "--max-fail-ratio",
        type=float,
        default=0.001,
        env_var="BANYAN_LOAD_MAX_FAIL_RATIO",
        help="More failed requests than this share: exit code 1",
    )
    group.add_argument(
        "--slack",
        type=float,
        default=1.0,
        env_var="BANYAN_LOAD_SLACK",
        help="Multiplies the time limits of thresholds.py; 0 judges no times",
    )
    group.add_argument(
        "--min-goodput",
        type=float,
        default=0.0,
        env_var="BANYAN_LOAD_MIN_GOODPUT",
        help="Fewer successful requests per second, on average: exit code 1",
    )
    group.add_argument(
        "--journal",
        default="",
        env_var="BANYAN_LOAD_JOURNAL",
        metavar="FILE",
        help="The run as lines of JSON, one a second; - is standard output",
    )
    _add_observed(group)


def _add_observed(group: Any) -> None:
    group.add_argument(
        "--observe-mesh",
        default="",
        env_var="BANYAN_LOAD_OBSERVE_MESH",
        metavar="FILE",
        help="A mesh on this machine, shown in a tab of the web page: JSON with `addresses` and `thresholds`",
    )
    group.add_argument(
        "--observe-namespace",
        default="",
        env_var="BANYAN_LOAD_OBSERVE_NAMESPACE",
        metavar="NS",
        help="A namespace of the cluster of KUBECONFIG, shown in a tab of the web page",
    )
