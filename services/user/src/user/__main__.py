"""The process: settings, wiring, serving."""

from __future__ import annotations

from meshkit import main
from user.bootstrap import build
from user.settings import UserSettings

if __name__ == "__main__":
    main(UserSettings, build)
