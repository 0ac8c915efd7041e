"""`python -m order`."""

from meshkit import main
from order.bootstrap import build
from order.settings import OrderSettings

if __name__ == "__main__":
    main(OrderSettings, build)
