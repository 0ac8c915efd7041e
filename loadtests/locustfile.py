"""Everyday traffic: `locust -f loadtests/locustfile.py --host http://127.0.0.1:8080`, and open its web page.

With a shape: `locust -f loadtests/locustfile.py,loadtests/shapes/ramp.py`. Staff credentials come from BANYAN_STAFF_EMAIL
and BANYAN_STAFF_PASSWORD. `./banyan load` sets all of this.
"""

from loadtests.observer import tab
from loadtests.support import journal, options, setting_up, thresholds
from loadtests.users.buyer import Buyer
from loadtests.users.regular import Regular
from loadtests.users.supplier import Supplier
from loadtests.users.visitor import Visitor

__all__ = ["Buyer", "Regular", "Supplier", "Visitor"]

options.install()
setting_up.install()
thresholds.install()
journal.install()
tab.install()
