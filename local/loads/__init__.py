"""`./banyan load`: locust in an environment of its own, against a shop that runs here or in a cluster."""
