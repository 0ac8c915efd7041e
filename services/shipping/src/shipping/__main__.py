"""The process: settings, wiring, serving."""

from __future__ import annotations

from meshkit import main
from shipping.bootstrap import build
from shipping.settings import ShippingSettings

if __name__ == "__main__":
    main(ShippingSettings, build)
