"""The process: settings, wiring, serving."""

from __future__ import annotations

from meshkit import main
from product.bootstrap import build
from product.settings import ProductSettings

if __name__ == "__main__":
    main(ProductSettings, build)
